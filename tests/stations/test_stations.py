"""That the stations of tools/broadcasting send what they should, when they should, and that the report judges by its bounds."""

import multiprocessing
import socket
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.broadcasting import client, loop, report, server, usage  # noqa: E402
from tools.soaking.station import metadata  # noqa: E402

RATE, LENGTH = 100_000, 250_007


def made_loop():
    """Bytes of which none repeats its neighbour's place, two clips."""
    data = b"".join(n.to_bytes(4, "big") for n in range(LENGTH // 4 + 1))[:LENGTH]
    titles = [metadata("first"), metadata("second")]
    return loop.Loop(memoryview(data * 2), LENGTH, LENGTH / RATE, "audio/mpeg", [0, 200_000], titles)


class Sending(unittest.TestCase):
    def setUp(self):
        context = multiprocessing.get_context("fork")
        (ours, theirs), self.cut_off = context.Pipe(False), context.Value("i", 0)
        self.loop = made_loop()
        self.body = context.Process(target=server.broadcast, args=(self.loop, 3, 0.5, 0.1, theirs, self.cut_off), daemon=True)
        self.body.start()
        self.port = ours.recv()

    def tearDown(self):
        self.body.terminate()
        self.body.join()

    def ask(self, path):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(connection.close)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return connection

    def test_audio_is_the_loop_with_titles_between_and_never_early(self):
        connection, began, got = self.ask("/1"), time.monotonic(), bytearray()
        while len(got) < 400_000:
            got += connection.recv(65536)
            most = RATE * (0.5 + time.monotonic() - began) + 1000
            self.assertLessEqual(len(got), most, "more came than was due")
        head, _, rest = bytes(got).partition(b"\r\n\r\n")
        self.assertIn(b"icy-metaint: 16000", head)
        audio, told = bytearray(), []
        while len(rest) > server.METADATA_EVERY + 256:
            audio += rest[: server.METADATA_EVERY]
            text = rest[server.METADATA_EVERY + 1 :][: rest[server.METADATA_EVERY] * 16]
            told += [text.rstrip(b"\0")] if text else []
            rest = rest[server.METADATA_EVERY + 1 + len(text) :]
        place = int(0.6180339887 % 1 * LENGTH)
        expected = (bytes(self.loop.twice) * 2)[place:][: len(audio)]
        self.assertEqual(bytes(audio), expected)
        names = [b"StreamTitle='first';", b"StreamTitle='second';"]
        # The station begins in the first clip; the titles take turns, each told once.
        self.assertEqual(told, (names * 3)[: len(told)])
        self.assertGreaterEqual(len(told), 2)

    def test_a_station_that_is_none_is_refused(self):
        for path in ("/3", "/x", "/"):
            with self.subTest(path):
                self.assertTrue(self.ask(path).recv(100).startswith(b"HTTP/1.1 404"))


class Encoding(unittest.TestCase):
    def test_frames_of_adts_are_counted(self):
        frame = bytes([0xFF, 0xF1, 0x50, 0x80, 0x01, 0x7F, 0xFC]) + bytes(4)
        self.assertEqual(loop.adts_frames(frame * 3), 3)
        with self.assertRaises(ValueError):
            loop.adts_frames(b"no frame of it")

    def test_a_title_is_that_of_the_place(self):
        made = made_loop()
        for place, title in ((0, "first"), (199_999, "first"), (200_000, "second"), (LENGTH, "first")):
            self.assertEqual(made.title_at(place), metadata(title))


class Judging(unittest.TestCase):
    def setUp(self):
        self.client = client.Client()
        self.report = {
            "stations": 2, "cores": 2, "cpu": {"daemon": 0.5, "generator": 0.1, "client": 0.2}, "cut_off": 0,
            "threads": {"src-*": {"busiest_thread_cpu": 0.9}, "model-*": {"busiest_thread_cpu": 0.4}},
            "descriptors": {"open": 40, "most": 1024, "per_further_source": 4.0}, "memory": {"mb_per_further_source": 2.0, "available_mb": 100},
            "windows": {"hop_s": 1.0, "expected": 20, "seen": 19, "stations_heard": 2},
            "counted": {"gaps": 0, "skipped_hops": 0}, "capture_to_emit_ms": {"inside": {"p99": 40.0}, "outside": {"p99": 60.0}},
        }

    def faults(self, **limits):
        return report.faults(self.report, self.client, limits.get("gaps", 0), limits.get("skipped", 0), limits.get("p99_ms"))

    def test_what_is_within_the_bounds_is_no_fault(self):
        self.assertEqual(self.faults(p99_ms=60.0), [])

    def test_what_is_beyond_them_is_told(self):
        self.assertEqual(len(self.faults(p99_ms=50.0)), 1)
        self.report["counted"] = {"gaps": 1, "skipped_hops": 2}
        self.assertEqual(len(self.faults()), 2)
        self.assertEqual(self.faults(gaps=1, skipped=2), [])

    def test_windows_that_nobody_told_of_are_missed(self):
        self.report["windows"]["seen"] = 17
        self.assertEqual(len(self.faults()), 1)
        self.report["windows"]["stations_heard"] = 1
        self.assertIn("1 of 2 stations", self.faults()[0])

    def test_the_nearest_limit_stands_first(self):
        told = [(limit["limit"], limit["stations"]) for limit in report.limits(self.report)]
        self.assertEqual(
            told,
            [
                ("all cores, with the generator and the client beside", 5), ("one core for the busiest thread of model-*", 5),
                ("all cores, for the daemon alone", 8), ("memory that is free", 52), ("descriptors (ulimit -n)", 248),
            ],
        )

    def test_an_event_that_is_missing_is_a_fault(self):
        for seq in (1, 2, 4):
            self.client.take({"type": "source.state", "seq": seq, "source": "x"}, 0.0)
        self.assertEqual(self.client.faults, ["event 4 came after 2"])

    def test_quantiles_are_values_that_came(self):
        self.assertEqual(report.spread(range(100)), {"p50": 50, "p99": 99, "max": 99})
        self.assertIsNone(report.spread([]))

    def test_threads_are_grouped_by_what_they_do(self):
        names = ("src-jazz", "dsp-0", "net", "net-worker", "genrecast", "history")
        self.assertEqual([usage.group(name) for name in names], ["src-*", "dsp-*", "net", "net", "main", "history"])


if __name__ == "__main__":
    unittest.main()
