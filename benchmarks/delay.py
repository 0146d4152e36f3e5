"""A TCP proxy on loopback that adds a delay: ``python benchmarks/delay.py PORT TARGET MILLISECONDS``.

Half of the delay is added each way, and bytes keep their order; it prints a line once it listens.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass on what is read, `delay` seconds after it came."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

    async def pass_on() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    passing = asyncio.create_task(pass_on())
    data = b"-"
    while data:
        data = b""
        with suppress(OSError):
            data = await reader.read(1 << 16)
        waiting.put_nowait((loop.time() + delay, data))
    with suppress(OSError):
        await passing


async def proxy(port: int, target: int, delay: float) -> None:
    """Carry every connection to `port` on to `target`, until the process ends."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_carry(reader, there[1], delay), _carry(there[0], writer, delay))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(proxy(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 2e3))
