"""Our own login at one server: the token that goes with its requests, and who waits while a person logs in.

    nobody logged in ──refusal──▶ a person is asked ──▶ token ──refusal──▶ refreshed, else a person is asked again
                                        └──▶ failed: for half a minute every call is told why, then the next one asks

A login goes on when the calls that wait for it give up, or are given up.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

import anyio
from anyio.abc import TaskGroup

from inspector.core.errors import ConfigError
from inspector.logins import KeptLogin, Logins
from inspector.proxy.http_response import Response
from inspector.proxy.login_flow import Challenge, LoginFlow
from inspector.proxy.login_redirect import LoginError

CALL_WAITS: Final = 45.0  # seconds: common clients give up after 60
LOGIN_LASTS: Final = 300.0  # seconds that a person has
AGAIN: Final = 30.0  # seconds after a failure in which nobody is asked again
_EARLY: Final = 20.0  # seconds before its end a token is renewed
_BEARER: Final = re.compile(r"(?:^|,)\s*bearer\b", re.I)


class Notices(Protocol):
    """Who hears of a login's course."""

    def login_wanted(self, where: str) -> None:
        """A person should open this address."""
        ...

    def fails(self, why: str) -> None: ...

    def hide(self, secrets: tuple[str, ...]) -> None:
        """These must not reach the recording."""
        ...


class UpstreamLogin:
    """At `url`. `scope`: what to ask for, and that a login is wanted even where the server does not name OAuth."""

    def __init__(
        self,
        name: str,
        url: str,
        scope: str | None,
        *,
        logins: Logins,
        tasks: TaskGroup,
        notices: Notices,
        browser: Callable[[str], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self._name = name
        self._scope = scope
        self._logins = logins
        self._tasks = tasks
        self._notices = notices
        self._browser = browser
        self._now = now
        self._flow = LoginFlow(url, scope, self._keep, self._show, now)
        self._kept: KeptLogin | None = None
        self._dead: str | None = None  # a token that the server, or its authorization server, no longer takes
        self._running: anyio.Event | None = None  # set when the attempt is over
        self._scope_of_attempt: anyio.CancelScope | None = None
        self._page = ""  # where a person is asked to go
        self._why = ""  # the last attempt failed
        self._failed_at = float("-inf")

    def refusal(self, response: Response) -> Challenge | None:
        """Does this answer ask for a login that we can make?"""
        if response.status not in (401, 403):
            return None
        said = tuple(value.decode("latin-1") for name, value in response.headers if name == b"www-authenticate")
        together = ", ".join(said)
        bearer = _BEARER.search(together) is not None
        if response.status == 401 and (bearer or self._scope is not None):
            return Challenge(401, said)
        if response.status == 403 and bearer and "insufficient_scope" in together:
            return Challenge(403, said)
        return None

    @property
    def held(self) -> str | None:
        """The token that is there, as far as we know."""
        return self._kept.token if self._kept is not None else None

    async def token(self) -> str | None:
        """The token to send, renewed when it is about to end; None: nobody has logged in yet.

        Raises:
            LoginError: what is kept cannot be used.
        """
        kept = self._kept or self._read()
        ends = kept.expires_at
        if ends is None or self._lasts(kept, ends):
            return kept.token
        try:
            return await self._wait(None, kept.token)
        except LoginError:
            if self._now() < ends:
                return kept.token
            raise

    @property
    def at_hand(self) -> bool:
        """Is `held` what `token` would give, without a look at the disk or a wait?"""
        kept = self._kept
        return kept is not None and (kept.expires_at is None or self._lasts(kept, kept.expires_at))

    def _lasts(self, kept: KeptLogin, ends: float) -> bool:
        return kept.refresh_token is None or self._now() < ends - _EARLY

    async def renew(self, challenge: Challenge, refused: str | None) -> str:
        """A token in place of the refused one (None: there was none). Waits 45 s at most.

        Raises:
            LoginError: there is none, and what to do about it.
        """
        token = await self._wait(challenge, refused)
        if token is None:
            raise LoginError(self._advice("it led to no token"))
        return token

    def useless(self, challenge: Challenge) -> LoginError:
        """The token of a moment ago was refused as well: nobody is asked for another at once."""
        self._fail("it refuses the token that it led to" if challenge.status == 401 else "it asks for a scope in vain")
        return LoginError(self._advice(self._why))

    def close(self) -> None:
        if self._scope_of_attempt is not None:
            self._scope_of_attempt.cancel()

    async def _wait(self, challenge: Challenge | None, refused: str | None) -> str | None:
        missing = challenge is None or challenge.status == 401  # not: another scope
        with anyio.move_on_after(CALL_WAITS):
            while True:
                if missing and (fresh := self._fresher(refused)) is not None:
                    return fresh
                mine = self._running is None
                await self._begin(challenge, refused).wait()
                if self._why:
                    raise LoginError(self._advice(self._why))
                if mine or self.held not in (None, refused):
                    return self.held
                # What was waited for was a refresh of somebody else's, in vain.
        if self._page:
            raise LoginError(f"log in: open {self._page} in a browser, then call again")
        raise LoginError(self._advice("its authorization server does not answer"))

    def _begin(self, challenge: Challenge | None, refused: str | None) -> anyio.Event:
        """The end of the attempt that runs, of a new one when there is none."""
        if self._running is None:
            if self._now() - self._failed_at < AGAIN:
                raise LoginError(self._advice(self._why))
            self._running = anyio.Event()
            self._tasks.start_soon(self._attempt, challenge, refused, self._running)
        return self._running

    def _fresher(self, refused: str | None) -> str | None:
        """Another call, or another run of ours, may have been faster."""
        spent = (None, refused, self._dead)
        if self.held not in spent:
            return self.held
        found = self._stored()
        if found.token in spent:
            return None
        self._kept = found
        return found.token

    async def _attempt(self, challenge: Challenge | None, refused: str | None, over: anyio.Event) -> None:
        self._why = ""
        try:
            with anyio.fail_after(LOGIN_LASTS) as self._scope_of_attempt:
                found = await self._flow.obtain(self._kept or self._read(), challenge, refused)
                if found is None:
                    self._dead = refused
                    self._kept = replace(self._kept or self._read(), tokens=None, expires_at=None)
        except TimeoutError:
            self._fail(f"nobody did within {LOGIN_LASTS / 60:g} minutes")
        except (LoginError, ConfigError) as error:
            self._fail(str(error))
        finally:
            self._running, self._page = None, ""
            over.set()

    def _fail(self, why: str) -> None:
        self._why, self._failed_at = why, self._now()
        if self._page and self._kept is not None:
            # A registration that its server has forgotten leads to an error page, time and again: make a new one.
            self._kept = replace(self._kept, client=None)
            with suppress(ConfigError):
                self._logins.write(self._kept)
        self._notices.fails(self._advice(why))

    def _advice(self, why: str) -> str:
        return f"log in: there is no valid login at {self._name} ({why}); call again in {AGAIN:g} s to be asked again"

    def _read(self) -> KeptLogin:
        self._kept = self._stored()
        return self._kept

    def _stored(self) -> KeptLogin:
        """
        Raises:
            LoginError: the file is not ours alone, or damaged.
        """
        try:
            found = self._logins.read(self._flow.url) or KeptLogin(self._flow.url)
        except ConfigError as error:
            raise LoginError(f"log in: what is kept cannot be used: {error}") from None
        self._notices.hide(found.secrets)
        return found

    def _keep(self, login: KeptLogin) -> None:
        self._notices.hide(login.secrets)
        self._logins.write(login)
        self._kept = login

    async def _show(self, page: str) -> None:
        self._page = page
        self._notices.login_wanted(page)
        await self._browser(page)
