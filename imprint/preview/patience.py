"""Connections that neither finish asking nor take what they asked for are given up."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# As long as a client may take to send a request, or may leave an answer unread.
PATIENCE_SECONDS = 10.0


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP, which by itself waits for ever for a request's end and for a slow reader."""

    patience_seconds = PATIENCE_SECONDS
    _asking: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._asking = self.loop.call_later(self.patience_seconds, self._give_up_asking)

    def data_received(self, data: bytes) -> None:
        """Take what came; a request that has begun must end in time."""
        if self._asking is None:
            self._asking = self.loop.call_later(self.patience_seconds, self._give_up_asking)
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.patience_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        # Between requests h11 waits for the next one's head, then for its body.
        return self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)

    def _stop_waiting(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _give_up_asking(self) -> None:
        self._asking = None
        self.transport.abort()
