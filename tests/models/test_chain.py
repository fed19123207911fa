import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import InvalidConfig
from hpcfair_kg.models.chain import Chain, Part, Source
from hpcfair_kg.models.wiring import wire

F = TensorProto.FLOAT


def part(name, inputs, outputs):
    def specs(texts):
        for text in texts:
            tensor, dtype, *shape = text.split()
            yield TensorSpec(tensor, dtype, tuple(int(n) if n.isdigit() else n for n in shape))

    return Part(name, None, tuple(specs(inputs)), tuple(specs(outputs)))


ENCODER = part(
    "encoder", ["x float32 batch time 13"], ["memory float32 batch time 32", "state float32 batch 32"]
)


def test_outputs_are_taken_by_name():
    decoder = part("decoder", ["state float32 n 32", "memory float32 n t 32"], ["y float32 n 3"])
    chain = wire([ENCODER, decoder])
    assert chain.wiring[1] == {"state": Source("state", 0), "memory": Source("memory", 0)}
    assert [spec.name for spec in chain.inputs] == ["x"]
    assert (
        str(chain) == "input x -> encoder.x, encoder.state -> decoder.state, encoder.memory -> decoder.memory"
    )


def test_else_the_only_wiring_that_fits():
    decoder = part("decoder", ["h float32 n 32", "keys float32 n t 32"], ["y float32 n 3"])
    assert wire([ENCODER, decoder]).wiring[1] == {"h": Source("state", 0), "keys": Source("memory", 0)}


def test_the_rest_of_the_files_columns_go_by_name():
    decoder = part("decoder", ["h float32 n 32", "tokens int64 n u"], ["y float32 n 3"])
    chain = wire([ENCODER, decoder], ["x", "tokens"])
    assert chain.wiring[1] == {"h": Source("state", 0), "tokens": Source("tokens")}
    assert chain.inputs == (ENCODER.inputs[0], decoder.inputs[1])


def test_a_column_of_the_first_model_is_no_rival_of_an_output():
    decoder = part("decoder", ["x float32 n 32"], ["y float32 n 3"])
    assert wire([ENCODER, decoder], ["x"]).wiring[1] == {"x": Source("state", 0)}


def test_two_parts_may_take_the_same_column():
    first = part("a", ["x float32 n 4", "mask bool n 4"], ["h float32 n 4"])
    second = part("b", ["h float32 n 4", "mask bool n 4"], ["y float32 n 4"])
    chain = wire([first, second], ["x", "mask"])
    assert [spec.name for spec in chain.inputs] == ["x", "mask"]


def test_the_part_before_wins_over_those_before_it():
    parts = [part(name, [f"{name}_in float32 n 4"], [f"{name}_out float32 n 4"]) for name in "abc"]
    assert wire(parts).wiring[2] == {"c_in": Source("b_out", 1)}


def test_a_part_further_back_is_taken_where_only_it_fits():
    last = part("c", ["p float32 n 3", "h float32 n 32"], ["y float32 n"])
    middle = part("b", ["keys float32 n t 32"], ["q float32 n 3"])
    assert wire([ENCODER, middle, last]).wiring[2] == {"p": Source("q", 1), "h": Source("state", 0)}


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (["a float32 n 64"], "nothing fits the input 'a' of decoder"),
        (["a float64 n 32"], "encoder takes x float32 .*; decoder takes a float64"),
        (["a float32 n 32", "b float32 n 32"], "decoder takes more than comes before it"),
    ],
)
def test_what_cannot_be_wired_is_told_what_each_takes_and_gives(inputs, said):
    with pytest.raises(InvalidConfig, match=said):
        wire([ENCODER, part("decoder", inputs, ["y float32 n 3"])])


def test_several_that_fit_are_named():
    encoder = part("encoder", ["x float32 n 4"], ["mean float32 n 8", "spread float32 n 8"])
    decoder = part("decoder", ["z float32 n 8"], ["y float32 n 4"])
    with pytest.raises(
        InvalidConfig, match=r"several wirings fit .*encoder\.mean -> decoder\.z; or encoder\.spread ->"
    ):
        wire([encoder, decoder])


def test_models_that_share_nothing_are_no_chain():
    with pytest.raises(InvalidConfig, match="takes nothing that comes before it"):
        wire([ENCODER, part("decoder", ["tokens int64 n u"], ["y float32 n 3"])], ["tokens"])


def test_a_chain_runs_from_first_to_last(tmp_path):
    def save(name, op, feeds):
        nodes = [helper.make_node(op, list(feeds), [f"{name}_out"])]
        ends = [helper.make_tensor_value_info(n, F, ["n", 2]) for n in (*feeds, f"{name}_out")]
        model = helper.make_model(
            helper.make_graph(nodes, name, ends[:-1], ends[-1:]),
            opset_imports=[helper.make_opsetid("", 18)],
            ir_version=8,
        )
        onnx.save(model, tmp_path / name)
        return Part.open(name, tmp_path / name)

    chain = wire([save("neg", "Neg", ["x"]), save("sub", "Sub", ["neg_out", "shift"])], ["x", "shift"])
    assert isinstance(chain, Chain)
    results = chain.run({"x": np.float32([[1, 2]]), "shift": np.float32([[10, 20]])})
    assert {name: array.tolist() for name, array in results.items()} == {"sub_out": [[-11, -22]]}


TWIN = part("twin", ["a float32 n 4", "b float32 n 4"], ["p float32 n 4", "q float32 n 4"])
PAIR = part("pair", ["z float32 n 4", "w float32 n 4"], ["y float32 n 4"])


def test_what_the_configuration_wires_is_wired_so():
    said = {"pair.z": "twin.q", "pair.w": "twin.p"}
    chain = wire([TWIN, PAIR], ["a", "b"], said)
    assert chain.wiring[1] == {"z": Source("q", 0), "w": Source("p", 0)}
    half = wire([TWIN, PAIR], ["a", "b"], {"pair.z": "twin.q", "pair.w": "input.b", "twin.a": "input.b"})
    assert half.wiring == ({"a": Source("b"), "b": Source("b")}, {"z": Source("q", 0), "w": Source("b")})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"pair.zz": "twin.q"}, r"'pair.zz' is none of the inputs .* did you mean 'pair.z'"),
        ({"pair.z": "twin.r"}, r"'twin.r' is none of the outputs"),
        ({"twin.a": "pair.y"}, r"'pair.y' is none of the outputs that can be wired here"),
        ({"tokens.ids": "twin.p"}, r"twin.p -> tokens.ids does not fit"),
    ],
)
def test_a_wiring_that_cannot_be_is_told(said, message):
    tokens = part("tokens", ["ids int64 n 4"], ["y float32 n 4"])
    with pytest.raises(InvalidConfig, match=message):
        wire([TWIN, PAIR, tokens], ["a", "b", "ids"], said)


def test_many_outputs_are_no_trouble():
    many = part("many", ["x float32 n 4"], [f"o{n} float32 n 4" for n in range(12)])
    takes = part("takes", [f"i{n} float32 n 4" for n in range(12)], ["y float32 n 4"])
    with pytest.raises(InvalidConfig, match="several wirings fit takes"):
        wire([many, takes])
