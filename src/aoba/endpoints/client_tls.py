"""What a URL says about TLS where Aoba connects, to a device or to a broker."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aoba.endpoints.options import CERTIFICATES, Parsers, filled


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """Files are PEM."""

    ca: Path | None = None
    """Who signs the certificate of the other side; None: whom the system trusts."""
    cert: Path | None = None
    """Ours, and those between it and the root; None: the other side asks for none."""
    key: Path | None = None
    """None: it is in the same file as the certificate."""
    name: str | None = None
    """Whom the certificate of the other side has to be for; None: its host."""
    strict: bool = False
    """Whether that has to follow RFC 5280 to the letter."""


NO_TLS: Final = ClientTls()
"""As it is where the URL says nothing."""

CLIENT_TLS: Final[Parsers] = {**CERTIFICATES, "name": filled("a name")}
"""The options that say so, by their fields."""
