import numpy as np
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, UnknownFormat, WrongInput
from hpcfair_kg.models import rows
from hpcfair_kg.models.rows import images

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)


@pytest.fixture
def png(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "in.png")
    return tmp_path / "in.png"


def fed(path, dtype, *shape):
    spec = TensorSpec("x", dtype, shape)
    (feeds,) = rows.reader(path).feeds([spec], 8)
    np.testing.assert_array_equal(feeds["x"], rows.read(path).feeds([spec])["x"])
    return feeds["x"]


def test_an_image_is_one_sample(png):
    assert rows.read(png).whole.tolist() == [PIXELS.tolist()]
    assert rows.reader(png).rows == 1
    scaled = PIXELS.astype(np.float32) / 255
    np.testing.assert_array_equal(fed(png, "float32", "n", 3, 4, 6)[0], scaled.transpose(2, 0, 1))
    np.testing.assert_array_equal(fed(png, "float32", 1, "h", "w", 3)[0], scaled)
    np.testing.assert_array_equal(fed(png, "uint8", "n", 4, 6, 3)[0], PIXELS)


def test_it_takes_the_size_and_the_channels_of_the_model(png):
    assert fed(png, "float32", "n", 3, 8, 9).shape == (1, 3, 8, 9)
    grey = fed(png, "float16", "n", 1, "h", "w")
    expected = np.asarray(Image.fromarray(PIXELS).convert("L")) / 255
    np.testing.assert_allclose(grey[0, 0], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("dtype", "shape"), [("int64", ("n", 3, 4, 4)), ("float32", ("n", 5)), ("float32", ("n", 5, 4, 4))]
)
def test_what_takes_no_image(png, dtype, shape):
    with pytest.raises(WrongInput, match="x takes no image"):
        fed(png, dtype, *shape)


def test_other_kinds_of_images(tmp_path, png):
    Image.fromarray(PIXELS).convert("RGBA").save(tmp_path / "in.webp", lossless=True)
    assert images.pixels(tmp_path / "in.webp").tolist() == PIXELS.tolist()
    turned = Image.fromarray(PIXELS)
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.png", exif=exif)
    assert images.pixels(tmp_path / "turned.png").shape == (6, 4, 3)
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UnknownFormat, match="more than eight bits"):
        images.pixels(tmp_path / "deep.png")
    png.write_bytes(png.read_bytes()[:-40])
    with pytest.raises(CorruptFile, match="cut off"):
        images.pixels(png)


def test_what_is_transparent_is_white_behind(tmp_path):
    Image.new("RGBA", (2, 3), (9, 9, 9, 0)).save(tmp_path / "in.png")
    assert np.unique(images.pixels(tmp_path / "in.png")).tolist() == [255]


def test_a_folder_is_its_images_in_the_order_of_their_names(tmp_path):
    for name, size, colour in (("c", (6, 4), 3), ("a", (6, 4), 1), ("b", (6, 4), 2), ("d", (2, 2), 4)):
        Image.new("RGB", size, (colour,) * 3).save(tmp_path / f"{name}.png")
    (tmp_path / "notes.txt").write_text("no image")
    reader = rows.reader(tmp_path)
    assert (reader.origins, reader.rows) == (("a.png", "b.png", "c.png", "d.png"), 4)
    spec = TensorSpec("image", "uint8", ("n", "h", "w", 3))
    chunks = [feeds["image"] for feeds in reader.feeds([spec], 2)]
    assert [(chunk.shape, chunk[:, 0, 0, 0].tolist()) for chunk in chunks] == [
        ((2, 4, 6, 3), [1, 2]),
        ((1, 4, 6, 3), [3]),
        ((1, 2, 2, 3), [4]),
    ]
    with pytest.raises(WrongInput, match=r"d\.png is of another size"):
        rows.read(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorruptFile, match="the folder empty has no image in it"):
        rows.reader(tmp_path / "empty")
