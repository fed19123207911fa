"""Save the SavedModels that the tests of TensorFlow convert: `python -m tests.saved_models FOLDER`.

A process of its own saves them: TensorFlow keeps the functions of what a process saved,
and a loader that meets one of the same name in the same process refuses it.
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf


def spec(*shape, dtype=tf.float32, name="x"):
    return tf.TensorSpec(shape, dtype, name=name)


class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(tf.random.stateless_normal((4, 2), (1, 2)))
        self.table = tf.Variable(tf.random.stateless_normal((11, 4), (3, 4)))

    @tf.function(input_signature=[spec(None, 4)])
    def scores(self, x):
        return {"scores": x @ self.weights, "doubled": x * 2}

    @tf.function(input_signature=[spec(None, 4)])
    def rates(self, x):
        return tf.nn.relu(x @ self.weights)

    @tf.function(input_signature=[spec(None, None, dtype=tf.int32, name="ids")])
    def rows(self, ids):
        return {"rows": tf.gather(self.table, ids)}


def save(folder):
    model = Linear()
    tf.saved_model.save(model, str(folder / "one"), signatures={"scores": model.scores})
    tf.saved_model.save(model, str(folder / "two"), signatures={"a": model.scores, "b": model.rates})
    tf.saved_model.save(model, str(folder / "none"))
    tf.saved_model.save(model, str(folder / "rows"), signatures=model.rows)
    tf.train.Checkpoint(weights=model.weights).write(str(folder / "checkpoint" / "model"))
    keras.utils.set_random_seed(0)
    layers = [keras.Input((8,), name="features"), keras.layers.Dense(4, activation="gelu")]
    keras.Sequential(layers).export(folder / "keras", verbose=False)


if __name__ == "__main__":
    save(Path(sys.argv[1]))
