import io

import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import MissingExtra, WrongInput
from hpcfair_kg.models.processing import image
from hpcfair_kg.models.processing.image_config import TYPES
from hpcfair_kg.models.processing.pipeline import Pipeline
from tests.models.processing.beside_files import PIXELS, note, steps, write

PIL = pytest.importorskip("PIL.Image", reason="Pillow comes with the extra `image`")
ANY = TensorSpec("pixel_values", "float32", ("batch", 3, "height", "width"))
PLAIN = {
    "size": {"height": 8, "width": 8},
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
    "rescale_factor": 1 / 255,
}


def picture(height, width, channels=3, seed=7):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def packed(array, form="PNG", **more):
    target = io.BytesIO()
    PIL.fromarray(array).save(target, form, **more)
    return target.getvalue()


def pipeline(folder, said, spec=ANY):
    return Pipeline.of(steps(folder, preprocessor_config__json=said), folder, (spec,), ())


@pytest.mark.parametrize("size", [(480, 640), (300, 200), (7, 500), (224, 224), (33, 34)])
@pytest.mark.parametrize("name", sorted(TYPES))
def test_it_is_what_transformers_gives_to_the_last_bit(tmp_path, name, size):
    transformers = pytest.importorskip(
        "transformers", reason="transformers comes with the extra `transformers`"
    )
    theirs = getattr(transformers, f"{name}Pil")()
    theirs.save_pretrained(tmp_path)
    pixels = picture(*size)
    expected = theirs(PIL.fromarray(pixels), return_tensors="np")["pixel_values"]
    made = Pipeline.beside(tmp_path, (ANY,), ())
    np.testing.assert_array_equal(made.before({"image": pixels})["pixel_values"], expected)


@pytest.mark.parametrize("name", sorted(TYPES))
def test_what_a_class_does_unless_told_is_known(tmp_path, name):
    transformers = pytest.importorskip(
        "transformers", reason="transformers comes with the extra `transformers`"
    )
    pixels = picture(100, 150)
    expected = getattr(transformers, f"{name}Pil")()(PIL.fromarray(pixels), return_tensors="np")[
        "pixel_values"
    ]
    made = pipeline(tmp_path, {"image_processor_type": name})
    np.testing.assert_array_equal(made.before({"image": pixels})["pixel_values"], expected)


@pytest.mark.parametrize(
    "said",
    [
        {"size": 64}, {"size": [64, 32]}, {"size": {"shortest_edge": 64}}, {"do_resize": False, "do_center_crop": True, "crop_size": 300},
        {"do_center_crop": True, "crop_size": {"height": 301, "width": 20}}, {"resample": 0}, {"resample": 1}, {"resample": 4},
        {"do_rescale": False}, {"do_normalize": False}, {"do_rescale": False, "do_normalize": False},
        {"rescale_factor": 1 / 127.5, "image_mean": [1.0] * 3, "image_std": [1.0] * 3},
    ],
)  # fmt: skip
def test_settings_do_what_they_do_in_transformers(tmp_path, said):
    transformers = pytest.importorskip(
        "transformers", reason="transformers comes with the extra `transformers`"
    )
    pixels = picture(150, 101)
    theirs = transformers.ViTImageProcessorPil(**said)
    expected = theirs(PIL.fromarray(pixels), return_tensors="np")["pixel_values"]
    made = pipeline(tmp_path, {"image_processor_type": "ViTImageProcessor", **said})
    np.testing.assert_array_equal(made.before({"image": pixels})["pixel_values"], expected.astype(np.float32))


def test_what_is_transparent_is_white_behind_as_transformers_has_it(tmp_path):
    transformers = pytest.importorskip(
        "transformers", reason="transformers comes with the extra `transformers`"
    )
    theirs = transformers.CLIPImageProcessorPil()
    theirs.save_pretrained(tmp_path)
    made = Pipeline.beside(tmp_path, (PIXELS,), ())
    for channels in (4, 1, 0):
        pixels = picture(60, 70, channels)
        shown = PIL.fromarray(pixels[..., 0] if channels == 1 else pixels)
        expected = theirs(shown, return_tensors="np")["pixel_values"]
        np.testing.assert_array_equal(made.before({"image": pixels})["pixel_values"], expected)


def test_without_a_class_only_what_is_said_is_done(tmp_path):
    (step,) = steps(tmp_path, preprocessor_config__json={"size": 8})
    assert step.settings == {"resize": {"height": 8, "width": 8}, "resample": "bilinear"}
    (step,) = steps(tmp_path, preprocessor_config__json=PLAIN)
    assert step.settings == {
        "resize": {"height": 8, "width": 8}, "resample": "bilinear", "rescale": 1 / 255, "mean": [0.5] * 3, "std": [0.5] * 3,
    }  # fmt: skip


def test_old_names_of_classes_are_known(tmp_path):
    said = {"feature_extractor_type": "ViTFeatureExtractor", "size": 32, "resample": 3}
    (step,) = steps(tmp_path, preprocessor_config__json=said)
    assert (step.settings["resize"], step.settings["resample"]) == ({"height": 32, "width": 32}, "bicubic")


def test_a_file_is_the_same_as_its_pixels(tmp_path):
    made, pixels = pipeline(tmp_path, PLAIN), picture(20, 30)
    expected = made.before({"image": pixels})["pixel_values"]
    png = packed(pixels)
    for given in (png, np.frombuffer(png, np.uint8), [png], pixels[None], [pixels]):
        np.testing.assert_array_equal(made.before({"image": given})["pixel_values"], expected)


def test_several_images_of_unequal_size_become_one_batch(tmp_path):
    made = pipeline(tmp_path, PLAIN)
    fed = made.before({"image": [picture(20, 30), packed(picture(5, 6)), picture(9, 9, 0)]})
    assert fed["pixel_values"].shape == (3, 3, 8, 8)
    with pytest.raises(WrongInput, match="give one at a time"):
        pipeline(tmp_path, {"rescale_factor": 1}).before({"image": [picture(20, 30), picture(5, 6)]})


def test_a_photo_is_turned_the_right_way_up(tmp_path):
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 8:] = 255
    exif = PIL.Exif()
    exif[0x0112] = 6
    fed = pipeline(tmp_path, {"rescale_factor": 1 / 255}).before({"image": packed(pixels, exif=exif)})
    assert fed["pixel_values"].shape == (1, 3, 16, 8)
    assert fed["pixel_values"][0, 0, :, 0].tolist() == [0.0] * 8 + [1.0] * 8


@pytest.mark.parametrize(
    ("shape", "made"),
    [
        (("batch", "height", "width", 3), (1, 8, 8, 3)),
        (("batch", 8, 8, 1), (1, 8, 8, 1)),
        (("batch", 1, 8, 8), (1, 1, 8, 8)),
        (("a", "b", "c", "d"), (1, 3, 8, 8)),
    ],
)
def test_channels_are_where_the_model_has_them(tmp_path, shape, made):
    said = {"size": 8, "image_mean": [0.5], "image_std": [0.5], "rescale_factor": 1 / 255}
    spec = TensorSpec("x", "float16", shape)
    fed = pipeline(tmp_path, said, spec).before({"image": picture(20, 30)})
    assert (fed["x"].shape, fed["x"].dtype) == (made, np.float16)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (picture(8, 8).astype(float), "is float64; it is uint8"),
        (b"no image", "no image of PNG, JPEG"),
        (packed(picture(64, 64))[:200], "no image of PNG, JPEG"),
        ([], "1 to 256"),
        (np.zeros((8, 8, 3, 3, 3), np.uint8), r"has the shape \[8, 8, 3, 3, 3\]"),
        (np.zeros((0, 8, 3), np.uint8), "shape"),
        (np.zeros((10_000, 10_000), np.uint8), "100,000,000 pixels; at most 50,000,000"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, given, said):
    with pytest.raises(WrongInput, match=said):
        pipeline(tmp_path, PLAIN).before({"image": given})


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(image, "PIXELS", 1000)
    with pytest.raises(WrongInput, match=r"40 × 40 pixels; at most 1,000"):
        pipeline(tmp_path, PLAIN).before({"image": packed(picture(40, 40))})


def test_a_sliver_is_not_made_endless(tmp_path):
    with pytest.raises(WrongInput, match="too narrow"):
        pipeline(tmp_path, {"size": {"shortest_edge": 8192}}).before({"image": picture(1, 4000)})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("nonsense", "no JSON"),
        ({"image_processor_type": "DonutImageProcessor"}, "of a DonutImageProcessor, which is not applied"),
        ({**PLAIN, "image_mean": [0.5, 0.5]}, "three numbers"),
        ({**PLAIN, "image_mean": [0.5] * 4}, "image_mean"),
        ({**PLAIN, "image_std": [0.5, 0.0, 1.0]}, "without zeros"),
        ({**PLAIN, "image_mean": ["a", 1, 2]}, "a finite number, not 'a'"),
        ('{"size": 8, "rescale_factor": NaN}', "a finite number"),
        ({"size": 1e9}, "whole numbers from 1 to 8192"),
        ({"size": {"longest_edge": 8}}, "a shortest_edge"),
        ({"size": 8, "resample": 9}, "a number from 0 to 5"),
        ({"size": 8, "do_pad": True}, "padding"),
        ({"size": 8, "do_center_crop": "yes", "crop_size": 4}, "true or false"),
        ({"feature_extractor_type": "Wav2Vec2FeatureExtractor"}, "not applied"),
    ],
)
def test_what_is_not_understood_is_a_note(tmp_path, said, reason):
    assert reason in note(tmp_path, preprocessor_config__json=said)


def test_a_missing_library_names_the_command(tmp_path, monkeypatch):
    made = pipeline(tmp_path, PLAIN)
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(MissingExtra, match=r"pip install -e '.\[image\]'"):
        made.before({"image": picture(8, 8)})


def test_a_model_without_pictures_is_left_alone(tmp_path):
    write(tmp_path, preprocessor_config__json=PLAIN)
    assert Pipeline.beside(tmp_path, (TensorSpec("x", "float32", ("batch", 3)),), ()).steps == ()
