"""Decoded frames as a viewer sees them: upright, with square pixels, in true colors, of one size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np
from av.filter import Graph
from av.video.reformatter import VideoReformatter

from realtime.capture.frames.deinterlacer import unheard
from realtime.core.types import ImageArray

_MATRIX = "DISPLAYMATRIX"
# FFmpeg's numbers: of the declared matrix and swscale's for it, of the HDR transfers, and of full range.
_MATRICES = {1: 1, 4: 4, 7: 7, 9: 9, 10: 9}
_BT601 = 5
_HDR = {16: "PQ", 18: "HLG"}
_FULL_RANGE = 2
# Formats that are full-range by name, or have no range at all: swscale reads them right without being told.
_RANGE_KNOWN = ("yuvj", "rgb", "bgr", "gbr", "gray", "pal", "argb", "abgr", "mono")
# What FFmpeg needs to convert HDR for a standard screen; its reference white of 203 cd/m2 becomes white.
_TO_SDR = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:intent=relative_colorimetric"
# A pixel that is wider than this, or its inverse, is a damaged header; one that deviates by less shows nothing.
_WIDEST_PIXEL = 8.0
_PIXEL_TOLERANCE = 0.01


class PictureConverter:
    """Converts the frames of one source to BGR as they are meant to be seen; used on one thread.

    A display matrix turns and mirrors, wide or narrow pixels become square, the color matrix and range that the frame
    declares are used, HDR is converted, gray of 16 bits is stretched, and a frame of another size than the first is
    fitted into that one with its shape kept: faces keep their places and shapes, in every output.

    Args:
        stream: the video stream that the frames come from; it must be open as long as this is used.
        note: takes a line for people; the same line may come often.
        before: what converted the same source until it was opened again: size and tables are taken over.
    """

    def __init__(
        self, stream: Any, note: Callable[[str], None] = unheard, before: PictureConverter | None = None
    ) -> None:
        self._note = note
        self._codec, self._time_base = stream.codec_context, stream.time_base
        self._declared_ratio, self._first_ratio = stream.sample_aspect_ratio, self._codec.sample_aspect_ratio
        self._hdr = _HDR.get(self._codec.color_trc or 0, "")
        self._size_wh: tuple[int, int] | None = None if before is None else before._size_wh
        self._seen_as: tuple[float, int, int] | None = None
        self._matrix: tuple[int, int, int, int] | None = None
        self._gray_max: int = 0 if before is None else before._gray_max
        self._sdr: tuple[tuple[str, int, int], Any] | None = None if before is None else before._sdr
        # Kept, since it keeps swscale's tables.
        self._reformatter = VideoReformatter()

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Size of every converted picture, in pixels; `None` before the first."""
        return self._size_wh

    def bgr(self, frame: Any) -> ImageArray:
        """Return a decoded frame as `(H, W, 3) uint8` BGR; height and width are those of the first one."""
        self._look_at(frame)
        image = _oriented(self._converted(frame), self._matrix)
        size_wh = (image.shape[1], image.shape[0])
        if self._size_wh is None:
            self._size_wh = size_wh
        if size_wh == self._size_wh:
            return image
        sizes = f"{_by(self._size_wh)} to {_by(size_wh)}"
        self._note(f"the source changes its picture size from {sizes}: shown fitted into the first size")
        return _fitted(image, self._size_wh)

    def rgb(self, frame: Any, size_wh: tuple[int, int]) -> ImageArray:
        """Return the picture of `bgr` as RGB and of another size: for a screen, not for analysis.

        Args:
            frame: a decoded frame.
            size_wh: width and height in pixels.

        Returns:
            `(H, W, 3) uint8` RGB, contiguous.
        """
        self._look_at(frame)
        if self._is_plain(frame):
            # swscale shrinks while it converts, but takes three times as long as OpenCV to enlarge.
            width, height = min(size_wh[0], frame.width), min(size_wh[1], frame.height)
            converted = self._reformatter.reformat(frame, width, height, "rgb24", **_as_declared(frame))
            image = np.ascontiguousarray(converted.to_ndarray(), np.uint8)
        else:
            image = np.asarray(cv2.cvtColor(self.bgr(frame), cv2.COLOR_BGR2RGB), np.uint8)
        if (image.shape[1], image.shape[0]) == size_wh:
            return image
        shrinks = size_wh[0] < image.shape[1]
        resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return np.asarray(resized, np.uint8)

    def _look_at(self, frame: Any) -> None:
        seen_as = (frame.rotation, frame.width, frame.height)
        if seen_as != self._seen_as:
            # Not of every frame: reading it makes a reference cycle, which keeps the frame's memory for long.
            self._seen_as, self._matrix = seen_as, _display_matrix(frame)

    def _is_plain(self, frame: Any) -> bool:
        """Return whether color and size are all that is to be converted."""
        own_wh = (frame.width, frame.height)
        other = self._matrix is not None or self._hdr or frame.format.name.startswith("gray16")
        return not other and self._size_wh in (None, own_wh) and self._square_wh(*own_wh) == own_wh

    def _converted(self, frame: Any) -> ImageArray:
        name = frame.format.name
        if name.startswith("gray16"):
            image = self._stretched(frame)
        elif self._hdr:
            image = self._standard_range(frame)
        else:
            image = _plain_bgr(frame)
        wide, high = self._square_wh(image.shape[1], image.shape[0])
        if (wide, high) == (image.shape[1], image.shape[0]):
            return image
        return np.asarray(cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR), np.uint8)

    def _square_wh(self, width: int, height: int) -> tuple[int, int]:
        """Return the size with square pixels: the longer side of a pixel is spread, so that no detail is lost."""
        coded = self._codec.sample_aspect_ratio
        # The container's word counts until the pictures themselves change theirs, as broadcasts do.
        ratio = float((self._declared_ratio if coded == self._first_ratio else coded) or coded or 1)
        if abs(ratio - 1) <= _PIXEL_TOLERANCE or ratio <= 0:
            return width, height
        if not 1 / _WIDEST_PIXEL <= ratio <= _WIDEST_PIXEL:
            self._note(f"the source says that its pixels are {ratio:g} times as wide as high: taken as square")
            return width, height
        return (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))

    def _stretched(self, frame: Any) -> ImageArray:
        """Return 16-bit gray in 8 bits. Cameras of 10, 12 or 14 bits use the lowest ones of the 16: nearly black."""
        gray = frame.to_ndarray()
        self._gray_max = max(self._gray_max, int(gray.max(initial=0)))
        bits = min(16, max(8, self._gray_max.bit_length()))
        if bits < 16:
            self._note(f"the source is gray with 16 bits and uses {bits} of them: its brightness is stretched")
        return np.asarray(cv2.cvtColor((gray >> (bits - 8)).astype(np.uint8), cv2.COLOR_GRAY2BGR), np.uint8)

    def _standard_range(self, frame: Any) -> ImageArray:
        try:
            graph = self._sdr_graph(frame)
            graph.vpush(frame)
            image: ImageArray = np.ascontiguousarray(graph.vpull().to_ndarray(format="bgr24"))
        except (av.FFmpegError, ValueError):
            # An FFmpeg before 7.1 has no such conversion.
            self._note(f"the source is HDR ({self._hdr}), which is not converted here: its pictures look flat and dark")
            self._hdr = ""
            return _plain_bgr(frame)
        self._note(f"the source is HDR ({self._hdr}): converted to standard range, white at 203 cd/m2")
        return image

    def _sdr_graph(self, frame: Any) -> Any:
        shape = (frame.format.name, frame.width, frame.height)
        if self._sdr is None or self._sdr[0] != shape:
            # Made once for each shape: FFmpeg takes seconds to compute its table.
            graph = Graph()
            source = graph.add_buffer(width=shape[1], height=shape[2], format=frame.format, time_base=self._time_base)
            scale, bgr, sink = graph.add("scale", _TO_SDR), graph.add("format", "bgr24"), graph.add("buffersink")
            source.link_to(scale)
            scale.link_to(bgr)
            bgr.link_to(sink)
            graph.configure()
            self._sdr = shape, graph
        return self._sdr[1]


def _plain_bgr(frame: Any) -> ImageArray:
    return np.ascontiguousarray(frame.to_ndarray(format="bgr24", **_as_declared(frame)))


def _as_declared(frame: Any) -> dict[str, int]:
    """Return what tells swscale the declared matrix and range; it assumes BT.601 and limited range."""
    name = frame.format.name
    options: dict[str, int] = {}
    if frame.colorspace in _MATRICES and name.startswith(("yuv", "nv", "p0")):
        # PyAV tells swscale nothing where source and target are the same, which they are unless both are given.
        options = {"src_colorspace": _MATRICES[frame.colorspace], "dst_colorspace": _BT601}
    # swscale must be told the range of "yuvj" formats too as soon as it is told anything.
    if frame.color_range == _FULL_RANGE and (options or not name.startswith(_RANGE_KNOWN)):
        options["src_color_range"] = _FULL_RANGE
    return options


def _display_matrix(frame: Any) -> tuple[int, int, int, int] | None:
    """Return a, b, c, d of x' = a x + c y, y' = b x + d y, `None` if the frame says nothing."""
    data = frame.side_data.get(_MATRIX)
    cells = [] if data is None else np.frombuffer(bytes(data), np.int32).tolist()
    return None if len(cells) < 5 else (cells[0], cells[1], cells[3], cells[4])


def _oriented(image: ImageArray, matrix: tuple[int, int, int, int] | None) -> ImageArray:
    """Turn and mirror a picture as a display matrix says; all eight of them, as from EXIF."""
    if matrix is None:
        return image
    # The larger pair tells whether the axes are exchanged, its signs what is mirrored.
    a, b, c, d = matrix
    exchanged = abs(b) + abs(c) > abs(a) + abs(d)
    mirror_x, mirror_y = (c < 0, b < 0) if exchanged else (a < 0, d < 0)
    if exchanged:
        image = np.asarray(cv2.transpose(image), np.uint8)
    if mirror_x or mirror_y:
        image = np.asarray(cv2.flip(image, -1 if mirror_x and mirror_y else 1 if mirror_x else 0), np.uint8)
    return image


def _fitted(image: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    """Return the picture as large as it fits into `size_wh`, with its shape kept, in the middle of black."""
    scale = min(size_wh[0] / image.shape[1], size_wh[1] / image.shape[0])
    wide, high = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    fitted = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    left, top = (size_wh[0] - wide) // 2, (size_wh[1] - high) // 2
    fitted[top : top + high, left : left + wide] = small
    return fitted


def _by(size_wh: tuple[int, int]) -> str:
    return f"{size_wh[0]} x {size_wh[1]}"
