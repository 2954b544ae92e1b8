import asyncio
import socket
import struct


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Breaks a TCP connection the hard way: the peer sees a reset, not an orderly end."""
    if not isinstance(transport, asyncio.WriteTransport) or transport.is_closing():
        return
    peer = transport.get_extra_info("socket")
    if peer is not None:
        # A linger time of zero makes the kernel answer with RST.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
