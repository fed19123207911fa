"""Listing 3 of the paper, its first two calls; run it where `make_encoder_decoder.py` wrote its files.

python examples/make_encoder_decoder.py work && cd work && python ../examples/listing3.py
"""

from pathlib import Path

from hpcfair import modelAPI

if __name__ == "__main__":
    here = Path(__file__).parent
    api = modelAPI()
    api.conversion(here / "listing1.yaml")
    api.collaborate(here / "listing2.yaml")
