"""A small mail server on a loopback port, which takes letters, refuses them or says nothing."""

import asyncio
import threading
from contextlib import contextmanager


class PostOffice:
    """What it does with the next letters is `mood`: takes, refuses, or hangs."""

    def __init__(self):
        self.mood, self.letters, self.calls, self.port = "takes", [], 0, None
        self._stop = asyncio.Event()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    async def run(self, ready):
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._talk, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await self._stop.wait()

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _talk(self, reader, writer):
        self.calls += 1
        try:
            if self.mood == "hangs":
                await self._stop.wait()
                return
            writer.write(b"220 here\r\n")
            await self._hear(reader, writer)
        except ConnectionError:
            pass  # the client had enough
        finally:
            writer.close()

    async def _hear(self, reader, writer):
        to = []
        while line := (await reader.readline()).decode().strip():
            match line.split(":")[0].split()[0].upper():
                case "RCPT" if self.mood == "refuses":
                    writer.write(f"550 {line}: nobody of that name\r\n".encode())
                case "RCPT":
                    to.append(line.partition(":")[2].strip("<>"))
                    writer.write(b"250 good\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                    self.letters.append((tuple(to), text))
                    writer.write(b"250 taken\r\n")
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"250 good\r\n")


@contextmanager
def post_office():
    """A mail server that runs until the block ends."""
    office, ready = PostOffice(), threading.Event()
    running = threading.Thread(target=lambda: asyncio.run(office.run(ready)))
    running.start()
    assert ready.wait(10)
    try:
        yield office
    finally:
        office.close()
        running.join()
