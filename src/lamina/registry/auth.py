"""How a registry is shown who asks: Basic, and tokens of a token server.

The schemes are RFC 7617 and distribution's "Token Authentication Specification" and "Oauth2 Token
Authentication". Nothing is shown before a registry asks for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from lamina.oci.document import MalformedDocument, parse_document
from lamina.registry.challenge import Challenge, Scopes, format_scopes, parse_challenges
from lamina.registry.credentials import Credentials
from lamina.registry.errors import BadAnswer, RegistryError, login_command
from lamina.registry.exchange import Call, Exchange, Meter
from lamina.urls import redacted

Clock = Callable[[], float]
"""Tells seconds since some moment, such as `time.monotonic`."""

_LEAST_LIFE = 60
"""Of a token, in seconds, where the token server does not say: the specification's default."""
_LONGEST_LIFE = 10**9
_MARGIN = 10
"""A token that ends so soon, in seconds, is not shown any more."""
_TOKEN_LIMIT = 256 << 10


class RealmRefused(RegistryError):
    """A registry that wants credentials to be sent where others could read them."""

    def __init__(self, host: str, realm: str) -> None:
        super().__init__(
            f"Refused to send credentials for `{host}` to `{redacted(realm)}`: not over TLS"
        )


def _life(told: object) -> float:
    """Return how long a token lives, in seconds; some servers write the number as text."""
    try:
        life = float(told) if isinstance(told, int | float | str) else 0.0
    except ValueError:
        life = 0.0
    return life if 0 <= life < _LONGEST_LIFE else 0.0


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    ends: float


class Authenticator:
    """Shows one registry who asks; safe to share among threads. See `Authorizer`."""

    def __init__(
        self,
        exchange: Exchange,
        credentials: Callable[[], Credentials | None],
        clock: Clock,
        meter: Meter,
    ) -> None:
        """``exchange`` asks token servers, without any authorization of its own."""
        self._exchange = exchange
        self._find = credentials
        self._clock = clock
        self._meter = meter
        self._lock = threading.RLock()
        self._challenge: Challenge | None = None
        self._found: tuple[Credentials | None] | None = None
        self._wanted: dict[Scopes, Scopes] = {}
        self._tokens: dict[tuple[str, str, Scopes], _Token] = {}

    @property
    def is_known(self) -> bool:
        """See `Authorizer.is_known`."""
        return self._found is not None and self._found[0] is not None

    @property
    def secrets(self) -> tuple[str, ...]:
        """See `Authorizer.secrets`."""
        with self._lock:
            tokens = tuple(token.text for token in self._tokens.values())
            credentials = self._found[0] if self._found else None
            return (*tokens, *(credentials.shown_nowhere if credentials else ()))

    def authorization(self, scopes: Scopes) -> str | None:
        """See `Authorizer.authorization`."""
        with self._lock:
            challenge = self._challenge
            if challenge is None:
                return None
            if challenge.scheme == "basic":
                credentials = self._credentials()
                return credentials.basic if credentials else None
            return f"Bearer {self._token(challenge, self._wanted.get(scopes, scopes))}"

    def learn(self, challenge: str, scopes: Scopes, shown: str | None) -> bool:
        """See `Authorizer.learn`."""
        with self._lock:
            chosen = self._choose(parse_challenges(challenge))
            if chosen is None:
                return False
            wanted = self._wanted.get(scopes, scopes) | chosen.scopes
            self._challenge, self._wanted[scopes] = chosen, wanted
            key = (chosen.realm, chosen.service, wanted)
            # Another thread may have had a new token meanwhile.
            if key in self._tokens and shown == f"Bearer {self._tokens[key].text}":
                del self._tokens[key]
            return chosen.scheme == "bearer" or shown != self.authorization(scopes)

    def _choose(self, challenges: tuple[Challenge, ...]) -> Challenge | None:
        for challenge in challenges:
            if challenge.scheme == "bearer" and urlsplit(challenge.realm).scheme:
                return challenge
        credentials = self._credentials()
        if credentials is None or credentials.is_identity_token:
            return None
        return next((each for each in challenges if each.scheme == "basic"), None)

    def _credentials(self) -> Credentials | None:
        with self._lock:
            if self._found is None:
                self._found = (self._find(),)
            return self._found[0]

    def _token(self, challenge: Challenge, scopes: Scopes) -> str:
        key = (challenge.realm, challenge.service, scopes)
        token = self._tokens.get(key)
        if token is None or token.ends - _MARGIN < self._clock():
            token = self._tokens[key] = self._fetch(challenge, scopes)
        return token.text

    def _fetch(self, challenge: Challenge, scopes: Scopes) -> _Token:
        credentials = self._credentials()
        endpoint = self._exchange.endpoint
        if credentials and not endpoint.may_see_credentials(challenge.realm):
            raise RealmRefused(endpoint.host, challenge.realm)
        asked = self._clock()
        answer = self._exchange.read(self._call(challenge, scopes, credentials), _TOKEN_LIMIT)
        text, life = self._parse(answer.body)
        return _Token(text, asked + life)

    def _call(self, challenge: Challenge, scopes: Scopes, credentials: Credentials | None) -> Call:
        fields = [("service", challenge.service)] if challenge.service else []
        headers, body, url = {}, None, challenge.realm
        if credentials and credentials.is_identity_token:
            scope = [("scope", " ".join(format_scopes(scopes)))] if scopes else []
            fields += [*scope, ("client_id", "lamina"), ("grant_type", "refresh_token")]
            body = urlencode([*fields, ("refresh_token", credentials.secret)]).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            fields += [("scope", scope) for scope in format_scopes(scopes)]
            if credentials:
                fields.append(("account", credentials.user))
                headers["Authorization"] = credentials.basic
            parts = urlsplit(url)
            query = "&".join(part for part in (parts.query, urlencode(fields)) if part)
            url = parts._replace(query=query, fragment="").geturl()
        return Call(
            action=f"get a token for `{self._exchange.endpoint.host}`",
            method="GET" if body is None else "POST",
            url=url,
            headers=headers,
            body=body,
            meter=self._meter,
            who="token server",
            is_led=False,
            secrets=credentials.shown_nowhere if credentials else (),
        )

    def _parse(self, body: bytes) -> tuple[str, float]:
        """Return the token, and how long it lives, in seconds."""
        host = self._exchange.endpoint.host
        try:
            document = parse_document(body, "answer")
            text = document.text("token") or document.text("access_token")
        except MalformedDocument:
            text, life = "", 0.0
        else:
            life = _life(document.values.get("expires_in"))
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise BadAnswer(
                f"Failed to get a token for `{host}`: the token server's answer holds none",
                hint=f"To log in, run `{login_command(host)}`",
            )
        return text, max(life, _LEAST_LIFE)
