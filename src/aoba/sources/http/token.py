"""The bearer token of an http source: read once, compared in constant time, never shown."""

import hmac

from aoba.endpoints.secret import read_secret
from aoba.errors import HttpError, UsageError
from aoba.sources.http.spec import TOKEN


class Token:
    """Of what a SPEC says: the token itself, `@FILE` or `env:NAME`.

    Raises UsageError where there is none at that place.
    """

    def __init__(self, where: str) -> None:
        token = read_secret("token", where).strip()
        if not TOKEN.fullmatch(token):
            what = "is no token" if token else "is empty"
            raise UsageError(f"token {where} {what}; expected letters, digits and -._~+/")
        self._token = token.encode()

    def check(self, authorization: str | None) -> None:
        """Raises HttpError unless `authorization`, of a request, shows the token."""
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            why = "expected Authorization: Bearer and the token of this source"
            raise HttpError(401, why, WWW_Authenticate='Bearer realm="Aoba"')
        if not hmac.compare_digest(given.strip().encode(errors="replace"), self._token):
            challenge = 'Bearer realm="Aoba", error="invalid_token"'
            raise HttpError(401, "wrong token", WWW_Authenticate=challenge)
