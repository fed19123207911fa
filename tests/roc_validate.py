"""Run by an interpreter that has roc-validator: prints, as JSON, what it finds in each RO-Crate given.

    python roc_validate.py CONTEXT CRATE…

CONTEXT is a copy of RO-Crate's JSON-LD context, which is answered for its
address; nothing else is to be had.  A CRATE is a folder, or a metadata document
that stands by itself.
"""

import json
import sys
from pathlib import Path

from requests import PreparedRequest, Response, Session
from rocrate_validator import services

ADDRESS = "https://w3id.org/ro/crate/1.3/context"


def answering(context: Path):
    """Return what every session is to send with: the context for its address, an error for all else."""

    def send(session: Session, request: PreparedRequest, **options) -> Response:
        if request.url != ADDRESS:
            raise ConnectionError(f"{request.url} was asked for")
        response = Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.headers["Content-Type"] = "application/ld+json"
        response._content = context.read_bytes()
        return response

    return send


def found(crate: Path) -> list[tuple[str, str]]:
    """Return the severity and the message of every issue, recommendations among them."""
    settings = {
        "profile_identifier": "ro-crate-1.3",
        "requirement_severity": "RECOMMENDED",
        "skip_availability_check": True,
        "no_cache": True,
        "validate_profile_checks": False,  # of its own profiles, which takes most of its time
    }
    if crate.is_dir():
        result = services.validate(settings | {"rocrate_uri": str(crate), "packaging_mode": "attached"})
    else:
        alone = {"rocrate_uri": ".", "packaging_mode": "detached", "metadata_only": True}
        result = services.validate_metadata_as_dict(json.loads(crate.read_text()), settings | alone)
    return [(issue.severity.name, issue.message) for issue in result.get_issues()]


if __name__ == "__main__":
    Session.send = answering(Path(sys.argv[1]))
    print(json.dumps([found(Path(path)) for path in sys.argv[2:]]))
