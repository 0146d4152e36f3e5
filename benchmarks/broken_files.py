"""Files of every kind that the commands read, and what accidents, editors and attackers make of them."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLASSES = ("red", "green", "blue")

# Mutations

TOKENS = [
    b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b'"', b'""', b'"\n', b"'", b",", b";", b"\t",
    b"\n", b"\r\n", b"\r", b"\n\n\n", b"\\", b"\\u0000", b"\\ud800", b"nan", b"NaN", b"inf", b"-Infinity",
    b"1e400", b"-1e400", b"1e-400", b"-0", b"00012", b"9" * 40, b"9" * 5000, b"-1", b"0", b"true", b"null", b"None",
    b"{}", b"[]", b"[" * 3000, b'{"a":' * 2000, b"=1+1", b"+1", b"-x", b"@x", b"'=x", b"id", b"label", b"text",
    b"ID", b"Label ", "é".encode(), "é".encode("latin-1"), "\u202eabc".encode(), "\U0001f600".encode(),
    "\u2028".encode(), b"\x1b[2J", b"x" * 70_000, b" " * 100, b"../../etc/passwd", b"/dev/zero",
    b"a\x00b", b"%s%n", b"<script>", b"\x1a", b"\x0c", b"\x85", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"red", b"t1",
]  # fmt: skip


def mutate(rng: random.Random, content: bytes, most: int = 6) -> bytes:
    """Return bytes with a few changes: flips, cuts, doubled ranges, tokens, and lines in another order."""
    data = bytearray(content)
    for _ in range(rng.randint(1, most)):
        at, end = sorted(rng.randint(0, len(data)) for _ in range(2))
        end = min(end, at + rng.choice([1, 4, 30, 1000, 10**6]))
        kind = rng.randrange(9)
        if kind == 0 and data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end] * rng.choice([1, 2, 10])
        elif kind == 3:
            data[at:at] = rng.choice(TOKENS)
        elif kind == 4:
            data[at:end] = rng.choice(TOKENS)
        elif kind == 5:
            del data[at:]
        elif kind == 6:
            data[at:end] = rng.randbytes(end - at)
        elif kind == 7:
            lines = bytes(data).splitlines(keepends=True)
            rng.shuffle(lines)
            data = bytearray(b"".join(lines))
        else:
            old, new = rng.choice(
                [(b",", b";"), (b",", b"\t"), (b"\n", b"\r\n"), (b"\n", b"\r"), (b'"', b"'")]
            )
            data = data.replace(old, new)
    return bytes(data)


def mutate_file(rng: random.Random, path: Path, most: int = 6) -> None:
    """Mutate a file in its place; inside its compression as often as outside."""
    content = path.read_bytes()
    if path.suffix == ".gz" and rng.random() < 0.6:
        path.write_bytes(gzip.compress(mutate(rng, gzip.decompress(content), most), 1))
    elif path.suffix == ".zst" and rng.random() < 0.6:
        path.write_bytes(_zstd(mutate(rng, _unzstd(content), most)))
    else:
        path.write_bytes(mutate(rng, content, most))


def _zstd(content: bytes) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(content)
    return sink.getvalue().to_pybytes()


def _unzstd(content: bytes) -> bytes:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()


# Files that are in order, to begin with

WORDS = [
    "apple",
    "plum",
    "sky",
    "grass",
    "sea",
    "rose",
    "mint",
    "coal",
    "=cmd",
    "-x",
    "ünï",
    "😀",
    "'q'",
    "a,b",
]


def rows_of(rng: random.Random, n: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"t{i}",
            "text": " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6))),
            "age": rng.choice([i, i + 0.5, None, -3]),
            "label": CLASSES[i % 3],
            "split": rng.choice(["train", "test"]),
        }
        for i in range(n)
    ]


def csv_of(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    import csv

    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def jsonl_of(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _odd_column(rng: random.Random, n: int) -> Any:
    """Return an Arrow column of a type that somebody has, somewhere."""
    import datetime
    import decimal

    import numpy as np
    import pyarrow as pa

    day = datetime.datetime(2020, 1, 1)
    makers: list[Callable[[], Any]] = [
        lambda: pa.array([None] * n),
        lambda: pa.array([[1.0, 2.0]] * n),
        lambda: pa.array([[1.0] * (i % 3) for i in range(n)]),
        lambda: pa.array([["a", None]] * n),
        lambda: pa.array([{"bytes": b"x", "path": None}] * n),
        lambda: pa.array([{"a": 1}] * n),
        lambda: pa.array([decimal.Decimal("1.50")] * n),
        lambda: pa.array([day + datetime.timedelta(days=i) for i in range(n)]),
        lambda: pa.array([datetime.timedelta(seconds=i) for i in range(n)]),
        lambda: pa.array(np.arange(n, dtype=np.uint64) + np.uint64(2**63)),
        lambda: pa.array([float("nan"), float("inf")] * (n // 2) + [0.0] * (n % 2)),
        lambda: pa.array(np.ones(n, np.float16)),
        lambda: pa.array(["a", "b"] * (n // 2) + ["a"] * (n % 2)).dictionary_encode(),
        lambda: pa.array([b"\xff\x00"] * n, pa.binary()),
        lambda: pa.array(["x" * 100_000] * n, pa.large_string()),
        lambda: pa.array([True, None] * (n // 2) + [False] * (n % 2)),
        lambda: pa.array([[[1.0], [2.0]]] * n),
        lambda: pa.array([[("k", 1)]] * n, pa.map_(pa.string(), pa.int64())),
        lambda: pa.array([2**60 + i for i in range(n)]),
        lambda: pa.array([""] * n),
        lambda: pa.array([[float("nan"), 1.0]] * n),
        lambda: pa.array([[]] * n, pa.list_(pa.float32())),
    ]
    return rng.choice(makers)()


def _parquet(rng: random.Random, path: Path, rows: list[dict[str, Any]], odd: bool) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    if odd:
        for _ in range(rng.randint(1, 3)):
            columns[rng.choice([*columns, "more"])] = _odd_column(rng, len(rows))
    names = list(columns)
    if odd and rng.random() < 0.1:
        names[rng.randrange(len(names))] = rng.choice(names)
    table = pa.Table.from_arrays(list(columns.values()), names=names)
    with contextlib.suppress(pa.ArrowNotImplementedError):
        pq.write_table(table, path)


def _image(rng: random.Random) -> bytes:
    from PIL import Image

    mode = rng.choice(["RGB", "L", "RGBA", "P", "1", "CMYK", "I;16", "LA"])
    form = rng.choice(["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
    size = (rng.choice([1, 8, 20]), rng.choice([1, 8, 20]))
    image = Image.new(mode, size)
    out = io.BytesIO()
    try:
        if rng.random() < 0.2 and form in ("GIF", "WEBP", "PNG"):
            image.save(out, form, save_all=True, append_images=[image.copy()] * 3)
        else:
            image.save(out, form)
    except (OSError, ValueError, KeyError):
        out = io.BytesIO()
        Image.new("RGB", size, (10, 200, 30)).save(out, "PNG")
    return out.getvalue()


def _tabular(rng: random.Random, folder: Path) -> tuple[Path, list[str]]:
    """Write a table of some kind, mutated; return it and options that fit the unchanged one."""
    rows = rows_of(rng, rng.choice([1, 2, 12, 30]))
    kind = rng.choice(
        ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.zst", "csv.zst", "parquet.gz", "ndjson"]
    )
    path = folder / f"data.{kind}"
    if kind.startswith("parquet"):
        plain = folder / "data.parquet"
        odd = rng.random() < 0.6
        _parquet(rng, plain, rows, odd)
        if not plain.exists():
            return plain, ["--text", "text"]
        if kind == "parquet.gz":
            path.write_bytes(gzip.compress(plain.read_bytes(), 1))
        if odd and kind == "parquet":
            return path, _choice(rng)
    else:
        content = jsonl_of(rows) if "json" in kind else csv_of(rows, "\t" if kind == "tsv" else ",")
        path.write_bytes(
            gzip.compress(content, 1)
            if kind.endswith("gz")
            else _zstd(content)
            if kind.endswith("zst")
            else content
        )
    if rng.random() < 0.9:
        mutate_file(rng, path)
    return path, _choice(rng)


def _choice(rng: random.Random) -> list[str]:
    options = rng.choice([["--text", "text"], ["--columns", "text,age"], ["--columns", "age"], ["--embedding", "age"],
                          ["--image", "text"], ["--text", "more"], ["--columns", "more,age"], []])  # fmt: skip
    return list(options)


def _arrays(rng: random.Random, folder: Path) -> tuple[Path, list[str]]:
    import numpy as np

    n = rng.choice([0, 1, 2, 20])
    generator = np.random.default_rng(rng.randrange(2**32))
    X = generator.normal(size=(n, rng.choice([1, 3, 8])))
    if X.size and rng.random() < 0.3:
        X[rng.randrange(len(X)), 0] = rng.choice([np.nan, np.inf, 1e308, 0])
    if rng.random() < 0.3:
        with np.errstate(all="ignore"):
            X = X.astype(rng.choice(["f2", "f4", ">f8", "i8", "c8", "U5", "O", "M8[s]", "?"]))
    path = folder / rng.choice(["data.npz", "data.npy"])
    if path.suffix == ".npz":
        np.savez(path, X=X, label=np.array(["a", "b"] * n)[:n])
    else:
        np.save(path, X)
    if rng.random() < 0.6:
        mutate_file(rng, path)
    return path, ["--embedding", "X"]


def _folder(rng: random.Random, folder: Path) -> tuple[Path, list[str]]:
    top = folder / "photos"
    for i in range(rng.choice([1, 6, 12])):
        name = f"{rng.choice(['a', 'b'])}/{i}.{rng.choice(['png', 'jpg', 'gif', 'webp', 'bmp'])}"
        place = top / (name if rng.random() < 0.95 else f"{i}.png")
        place.parent.mkdir(parents=True, exist_ok=True)
        content = _image(rng)
        place.write_bytes(mutate(rng, content, 3) if rng.random() < 0.3 else content)
    if rng.random() < 0.05:
        (top / "a" / "link.png").parent.mkdir(parents=True, exist_ok=True)
        (top / "a" / "link.png").symlink_to(rng.choice(["/etc/passwd", "nowhere", "link.png"]))
    return top, ["--image", "image", "--encoder", "image(dim=4, size=8)"]


def _images_in_parquet(rng: random.Random, folder: Path) -> tuple[Path, list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    images = [
        mutate(rng, _image(rng), 2) if rng.random() < 0.2 else _image(rng) for _ in range(rng.choice([1, 9]))
    ]
    path = folder / "images.parquet"
    pq.write_table(pa.table({"image": images, "label": [CLASSES[i % 3] for i in range(len(images))]}), path)
    if rng.random() < 0.2:
        mutate_file(rng, path)
    return path, ["--image", "image", "--encoder", "image(dim=4, size=8)"]


SOURCES: list[Callable[[random.Random, Path], tuple[Path, list[str]]]] = [
    _tabular, _tabular, _tabular, _tabular, _arrays, _folder, _images_in_parquet,
]  # fmt: skip
