"""Strips ADTS headers from AAC packets and builds the AudioSpecificConfig that MP4 and Matroska need."""

from __future__ import annotations

_SYNC = 0xFFF
_SHORTEST_HEADER = 7


def is_adts(packet: bytes) -> bool:
    """Return whether an AAC packet begins with an ADTS header."""
    return len(packet) > _SHORTEST_HEADER and int.from_bytes(packet[:2], "big") >> 4 == _SYNC


def without_header(packet: bytes) -> bytes:
    """Return the packet's AAC frame alone; a packet without a header as it is."""
    if not is_adts(packet):
        return packet
    has_checksum = not packet[1] & 1
    return packet[_SHORTEST_HEADER + 2 * has_checksum :]


def audio_config(packet: bytes) -> bytes | None:
    """Return the AudioSpecificConfig for a file's header, `None` if the packet's header does not give it."""
    if not is_adts(packet):
        return None
    profile, rate, channels = packet[2] >> 6, packet[2] >> 2 & 0xF, (packet[2] & 1) << 2 | packet[3] >> 6
    if channels == 0:  # described within the frames
        return None
    return ((profile + 1) << 11 | rate << 7 | channels << 3).to_bytes(2, "big")
