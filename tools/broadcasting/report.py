"""From what was counted to the report: figures, what the next limit is, what is beyond the bounds. Touch it for another figure."""

import statistics

# So many limits are shown; JSON has all.
NEAREST = 6


def spread(values):
    """p50, p99 and the largest; nearest rank."""
    if not values:
        return None
    ranked = sorted(values)
    at = lambda share: ranked[min(len(ranked) - 1, int(share * len(ranked)))]  # noqa: E731
    return {"p50": round(at(0.5), 1), "p99": round(at(0.99), 1), "max": round(ranked[-1], 1)}


def threads(groups, seconds):
    """Per group what it takes in a second, the dearest first."""
    ranked = sorted(groups.items(), key=lambda item: -item[1]["cpu_s"])
    return {
        name: {
            "threads": of["threads"],
            "cpu": round(of["cpu_s"] / seconds, 4),
            "busiest_thread_cpu": round(of["busiest_cpu_s"] / seconds, 4),
            "waited_for_a_core": round(of["waited_s"] / seconds, 4),
            "switches": round(of["switches"] / seconds, 1),
        }
        for name, of in ranked
    }


def limits(report):
    """How many stations until each limit, if all goes on as it is; the nearest first."""
    stations, cpu = report["stations"], report["cpu"]
    found = {}
    if cpu["daemon"] > 0:
        beside = cpu["daemon"] + cpu["generator"] + cpu["client"]
        found["all cores, with the generator and the client beside"] = stations * report["cores"] / beside
        found["all cores, for the daemon alone"] = stations * report["cores"] / cpu["daemon"]
    for name, of in report["threads"].items():
        # Stations have threads of their own, which are no limit for others.
        if of["busiest_thread_cpu"] > 0 and not name.startswith("src-"):
            found[f"one core for the busiest thread of {name}"] = stations / of["busiest_thread_cpu"]
    descriptors = report["descriptors"]
    if descriptors["per_further_source"]:
        found["descriptors (ulimit -n)"] = stations + (descriptors["most"] - descriptors["open"]) / descriptors["per_further_source"]
    further = report["memory"]["mb_per_further_source"]
    if further and further > 0:
        found["memory that is free"] = stations + report["memory"]["available_mb"] / further
    return [{"limit": name, "stations": int(at)} for name, at in sorted(found.items(), key=lambda item: item[1])]


def windows(client, stations, seconds):
    """Expected and seen. Which windows fall into the measured time is chance: one more or less a station."""
    hop = statistics.median(client.hops_s) if client.hops_s else None
    return {
        "hop_s": round(hop, 4) if hop else None,
        "expected": round(stations * seconds / hop) if hop else None,
        "seen": sum(client.windows.values()),
        "stations_heard": len(client.windows),
    }


def faults(report, client, most_gaps, most_skipped, p99_ms):
    """What is beyond the bounds, and what may never be."""
    found, counted = list(client.faults[:5]), report["counted"]
    if counted["gaps"] > most_gaps:
        found.append(f"{counted['gaps']} gaps, more than {most_gaps}: {client.gaps[:5]}")
    if counted["skipped_hops"] > most_skipped:
        found.append(f"{counted['skipped_hops']} skipped hops, more than {most_skipped}")
    of = report["windows"]
    if of["stations_heard"] < report["stations"]:
        found.append(f"windows came from {of['stations_heard']} of {report['stations']} stations")
    elif of["hop_s"] is None:
        found.append("no station had two windows: measure longer")
    elif of["seen"] + counted["skipped_hops"] < of["expected"] - report["stations"] and not counted["gaps"]:
        found.append(f"{of['seen']} windows came of {of['expected']}, and {counted['skipped_hops']} were told as skipped")
    for where, of in report["capture_to_emit_ms"].items():
        if p99_ms is not None and of and of["p99"] > p99_ms:
            found.append(f"capture to emit, {where}: p99 is {of['p99']} ms, more than {p99_ms:g}")
    if report["cut_off"]:
        found.append(f"{report['cut_off']} connections were cut off, because the daemon did not take what they sent")
    return found


def row(name, of):
    return f"{name:<22}" + "".join(f"{of[key]:>12}" if of else f"{'-':>12}" for key in ("p50", "p99", "max"))


def readable(report):
    """The report for people."""
    cpu, memory, windows, counted = report["cpu"], report["memory"], report["windows"], report["counted"]
    further = memory["mb_per_further_source"]
    lines = [
        f"{report['stations']} stations ({report['codec']}, {report['kilobits']} kbit/s), model {report['model']}, "
        f"hop {windows['hop_s']} s, {report['seconds']:.1f} s measured after {report['warm_up_s']:.0f} s, {report['cores']} cores",
        "",
        f"{'CPU seconds a second':<22}{'CPU':>12}{'threads':>12}{'busiest':>12}{'waiting':>12}{'switches':>12}",
        f"{'daemon':<22}{cpu['daemon']:>12.4f}",
    ]
    for name, of in report["threads"].items():
        lines.append(
            f"  {name:<20}{of['cpu']:>12.4f}{of['threads']:>12}{of['busiest_thread_cpu']:>12.4f}"
            f"{of['waited_for_a_core']:>12.4f}{of['switches']:>12.0f}"
        )
    lines += [
        f"{'generator':<22}{cpu['generator']:>12.4f}",
        f"{'client':<22}{cpu['client']:>12.4f}",
        f"{'other processes':<22}{cpu['others']:>12.4f}",
        f"{'taken by the host':<22}{cpu['stolen']:>12.4f}",
        f"a window costs the daemon {report['cpu_ms_per_window']} ms of CPU time",
        "",
        f"memory (RSS) {memory['rss_mb']:.1f} MB"
        + (f"; one station alone {memory['rss_mb_of_one']:.1f} MB; each further {further:.3f} MB" if further is not None else "")
        + f"; events in memory {memory['events_mb']:.1f} MB",
        f"windows {windows['seen']} seen, {windows['expected']} expected, of {windows['stations_heard']} stations",
        ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counted.items()),
        "",
        f"{'milliseconds':<22}{'p50':>12}{'p99':>12}{'max':>12}",
        row("capture to emit", report["capture_to_emit_ms"]["inside"]),
        row("capture to client", report["capture_to_emit_ms"]["outside"]),
        row("emit to client", report["emit_to_client_ms"]),
        row("inference", report["infer_ms"]),
        f"audio that came and is not played yet, largest: {report['behind_live_s']:.2f} s; events the client had still to get: {report['client_lag_events']}",
        "",
        "limits, if all grows as it is:",
    ]
    lines += [f"  {limit['stations']:>8} stations: {limit['limit']}" for limit in report["limits"][:NEAREST]]
    return "\n".join(lines)
