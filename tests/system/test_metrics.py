# SPDX-License-Identifier: BSD-3-Clause
"""The page of metrics of a running daemon: what it says after traffic against what the control socket says,
Prometheus' own tools and a real Prometheus that scrapes it, and the alerts and the dashboard that are delivered."""

import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import control_lab  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import prometheus  # noqa: E402
import rpc  # noqa: E402

PORT, SERVER_PORT = 9470, 9471
PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "packaging"
ALERTS = PACKAGING / "prometheus-alerts.yaml"
ALERTS_TEST = PACKAGING / "prometheus-alerts-test.yaml"
DASHBOARD = PACKAGING / "grafana-dashboard.json"
DIRECTIONS = {"seal": "plain", "open": "sealed"}  # and the side where packets of it enter
PORT_COUNTERS = ("rx_packets", "tx_packets", "rx_missed", "rx_errors", "rx_no_mbuf", "tx_errors")


class Fixture(control_lab.Fixture):
    def __init__(self, daemon, sides, directory):
        super().__init__(daemon)
        self.seal, self.open = sides
        self.directory = pathlib.Path(directory)

    def page(self):
        return prometheus.Page(prometheus.get(PORT, "/metrics")[2])


def packet(port=20000, payload=b"\x10" + bytes(90)):
    flow = frames.Flow("203.0.113.10", 40000, "198.51.100.20", port)
    return frames.udp_frame(flow, frames.rtp(96, 1, 1000, 0x01020304, payload))


def make_traffic(fixture):
    """Packets that are sealed, bridged and dropped for three reasons; returns a client."""
    client = fixture.connected()
    client.call("stream_publish", **control_lab.stream_params(stream_id="out"))
    client.call("stream_subscribe", **control_lab.stream_params(stream_id="in"))
    sealed, _ = fixture.seal.send(*[packet()] * 5)
    fixture.open.send(*sealed, sealed[0])  # the last one is a replay
    fixture.open.send(packet(), packet())  # not sealed
    fixture.seal.send(packet(9), packet(20001), packet(20001), packet(20001))  # outside; of no stream
    return client


def compare_direction(checks, page, stats, labels):
    """One direction of stats_get with the samples of these labels."""
    for name in ("packets", "bytes"):
        for way in ("in", "out"):
            checks.equal(page.value(f"rtpseal_{way}_{name}_total", **labels), stats[f"{name}_{way}"],
                         f"{labels} {name} {way}")
    for kind, label in (("passes", "outcome"), ("drops", "reason")):
        told = {present[label]: number for name, present, number in page.samples
                if name == f"rtpseal_{kind}_total" and labels.items() <= present.items()}
        checks.equal(told, stats[kind], f"{labels} {kind}")


def the_page_says_what_the_control_socket_says(checks, fixture):
    client = make_traffic(fixture)
    page = fixture.page()
    stats = client.call("stats_get")
    checks.equal(stats["seal"]["passes"]["sealed"], 5, "sealed")
    checks.equal(stats["open"]["passes"]["opened"], 5, "opened")
    checks.equal((stats["seal"]["drops"]["no_stream"], stats["open"]["drops"]["replay"],
                  stats["open"]["drops"]["not_sealed"]), (3, 1, 2), "drops")
    for direction in DIRECTIONS:
        compare_direction(checks, page, stats[direction], {"direction": direction})
    for port in client.call("stats_get", scope="port")["ports"]:
        labels = {"link": port["link"], "side": port["side"]}
        checks.equal(page.value("rtpseal_port_up", **labels), port["up"], f"{labels} up")
        for name in PORT_COUNTERS:
            checks.equal(page.value(f"rtpseal_port_{name}_total", **labels), port[name], f"{labels} {name}")
        for direction, side in DIRECTIONS.items():
            if side == port["side"]:
                compare_direction(checks, page, port[direction], {"direction": direction, "link": port["link"]})
    version = client.call("get_version")
    checks.equal(page.find("rtpseal_build_info", version=version["version"], dpdk=version["dpdk_version"],
                           ipsec_mb=version["ipsec_mb_version"], isa=version["isa"]), [1], "build info")
    checks.equal((page.value("rtpseal_sessions"), page.value("rtpseal_streams"), page.value("rtpseal_active_keys"),
                  page.value("rtpseal_ready"), page.value("rtpseal_draining")),
                 (1, 2, 1, 1, 0), "sessions, streams, keys, ready, draining")
    checks.true(1 <= page.value("rtpseal_clients", role="admin") <= 64, "clients")
    for name in ("sessions", "streams", "senders"):
        checks.equal(page.value(f"rtpseal_{name}_limit"), version["limits"][name], f"limit of {name}")


def workers_and_buffers_add_up(checks, fixture):
    client = make_traffic(fixture)
    before = client.call("stats_get", scope="worker")["workers"]
    page = fixture.page()
    after = client.call("stats_get", scope="worker")["workers"]
    for low, high in zip(before, after):
        labels = {"worker": str(low["worker"]), "cpu": str(low["cpu"])}
        for name in ("busy_cycles", "idle_cycles"):
            told = page.value(f"rtpseal_worker_{name}_total", **labels)
            checks.true(low[name] <= told <= high[name], f"{name}: {low[name]} <= {told} <= {high[name]}")
        packets = low["seal"]["packets_in"] + low["open"]["packets_in"]
        bursts = page.value("rtpseal_burst_packets_count", **labels)
        checks.equal(page.value("rtpseal_burst_packets_sum", **labels), packets, "packets in bursts")
        checks.true(0 < bursts <= packets, f"{bursts} bursts of {packets} packets")
        checks.equal(page.find("rtpseal_worker_stalled_seconds", **labels), [0], "stalled")
    checks.equal(page.value("rtpseal_senders"), sum(row["senders"] for row in before), "senders")
    checks.true(0 <= page.value("rtpseal_packet_buffers_in_use") < page.value("rtpseal_packet_buffers"), "buffers")


def control_counts_what_it_is_asked_and_what_it_says(checks, fixture):
    before = fixture.page()
    client = fixture.connected()
    client.call("events_subscribe")
    client.call("session_set_encryption_secret", session_id="s", encryption_secret=control_lab.OTHER_SECRET,
                activate_after_ms=0, grace_ms=0)
    try:
        client.call("session_get", session_id="nobody")
    except rpc.RpcError as error:
        checks.equal(error.reason, "unknown_session", "refused")
    checks.true(client.wait_event("secret_retired", 30), "the replaced secret is wiped")
    page = fixture.page()

    def moved(name, **labels):
        return page.value(name, **labels) - sum(before.find(name, **labels))

    checks.equal(moved("rtpseal_requests_total", method="session_set_encryption_secret", result="ok"), 1, "requests")
    checks.equal(moved("rtpseal_requests_total", method="session_get", result="unknown_session"), 1, "an error")
    checks.equal(moved("rtpseal_request_errors_total", error="unknown_session"), 1, "errors")
    checks.equal(moved("rtpseal_secret_changes_total", result="staged"), 2, "secrets")
    checks.equal(moved("rtpseal_key_derivations_total", result="ok"), 2, "derivations")
    checks.equal(moved("rtpseal_key_derivation_seconds_count"), 2, "derivations timed")
    checks.true(0.01 < moved("rtpseal_key_derivation_seconds_sum") < 60, "time of two derivations")
    checks.equal(moved("rtpseal_key_activation_seconds_count"), 2, "activations")
    for name in ("rtpseal_rcu_grace_seconds", "rtpseal_key_wipe_seconds"):
        checks.equal(moved(f"{name}_count"), 1, name)
        checks.true(0 < moved(f"{name}_sum") < 30, f"{name}: {moved(f'{name}_sum')} s")
    checks.equal(moved("rtpseal_events_total", type="secret_retired"), 1, "events")
    checks.true(moved("rtpseal_http_requests_total", path="/metrics", code="200") >= 1, "HTTP requests")
    checks.true(0 <= page.value("rtpseal_key_age_oldest_seconds") < 60, "key age")


def the_answer_is_one_that_prometheus_takes(checks, fixture):
    status, headers, text = prometheus.get(PORT, "/metrics")
    checks.equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "headers")
    checks.equal(prometheus.run_tool("check", "metrics", text=text), (0, ""), "promtool check metrics")
    checks.equal(prometheus.get(PORT, "/metrics", "HEAD")[::2], (200, ""), "HEAD")
    checks.equal(prometheus.get(PORT, "/metrics", "POST")[0], 405, "POST")


def alerts_pass_their_tests_and_each_has_one(checks, _):
    code, said = prometheus.run_tool("check", "rules", ALERTS)
    checks.equal((code, "SUCCESS" in said), (0, True), f"promtool check rules: {said}")
    code, said = prometheus.run_tool("test", "rules", ALERTS_TEST)
    checks.equal((code, "SUCCESS" in said), (0, True), f"promtool test rules: {said}")
    alerts = re.findall(r"- alert: (\w+)", ALERTS.read_text())
    fired = re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n\s+- exp_labels:", ALERTS_TEST.read_text())
    silent = re.findall(r"alertname: (\w+)\n\s+exp_alerts: \[\]", ALERTS_TEST.read_text())
    checks.equal((sorted(set(fired)), sorted(set(silent))), (sorted(alerts), sorted(alerts)), "alerts that are tested")


def dashboard_expressions():
    """What each panel asks, with Grafana's variables filled in."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield (target["expr"].replace("$__rate_interval", "10s").replace("$instance", ".*")
                   .replace("$link", ".*"))


def alerts_and_dashboard_select_what_there_is(checks, fixture):
    page = fixture.page()
    for text in (ALERTS.read_text(), *dashboard_expressions()):
        for name, selector in re.findall(r"\b(rtpseal_\w+)(?:\{([^}]*)\})?", text):
            wanted = dict(re.findall(r'(\w+)="([^"]*)"', selector))
            checks.true(page.find(name, **wanted), f"the page has no {name} {wanted}")


def the_dashboard_is_whole(checks, _):
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    checks.equal(len(ids), len(set(ids)), "ids of panels")
    checks.equal([variable["name"] for variable in dashboard["templating"]["list"] if variable["type"] == "datasource"],
                 ["datasource"], "the variable for the data source")
    taken = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        checks.true(not cells & taken and at["x"] + at["w"] <= 24, f"{panel['title']} is in the way")
        taken |= cells
        if panel["type"] != "row":
            checks.equal({target["datasource"]["uid"] for target in panel["targets"]}, {"${datasource}"}, panel["title"])


def prometheus_scrapes_and_answers(checks, fixture):
    client = make_traffic(fixture)
    with prometheus.Server(fixture.directory, SERVER_PORT, PORT, ALERTS) as server:
        checks.equal(server.wait_value('up{job="rtpseal"}', 1), [1], "up")
        stats = client.call("stats_get")
        for direction in DIRECTIONS:
            wanted = stats[direction]["packets_in"]
            got = server.wait_value(f'sum(rtpseal_in_packets_total{{direction="{direction}"}})', wanted)
            checks.equal(got, [wanted], f"packets in, {direction}")
        got = server.wait_value('rtpseal_drops_total{direction="seal",reason="no_stream"}',
                                stats["seal"]["drops"]["no_stream"])
        checks.equal(got, [stats["seal"]["drops"]["no_stream"]], "no_stream")
        fixture.seal.send(packet(20001), packet(20001))
        got = server.wait_value('rtpseal_drops_total{direction="seal",reason="no_stream"}',
                                stats["seal"]["drops"]["no_stream"] + 2)
        checks.equal(got, [stats["seal"]["drops"]["no_stream"] + 2], "two more")
        rate = "rate(rtpseal_worker_idle_cycles_total[10s])"
        server.wait_value(f"count({rate})", 1)
        for expression in dashboard_expressions():
            rows = server.query(expression)
            may_be_empty = "> 0" in expression or "_bucket" in expression
            checks.true(rows or may_be_empty, f"nothing answers {expression}")
        rules = [rule for group in server.ask("rules")["groups"] for rule in group["rules"]]
        checks.true(rules and all(rule["health"] != "err" for rule in rules), f"rules: {rules}")
        busy = server.query('ALERTS{alertstate="firing",alertname=~"RtpsealNotReady|RtpsealDown|RtpsealPortDown"}')
        checks.equal(busy, [], "alerts of a daemon that is well")


TESTS = (
    the_page_says_what_the_control_socket_says,
    workers_and_buffers_add_up,
    control_counts_what_it_is_asked_and_what_it_says,
    the_answer_is_one_that_prometheus_takes,
    alerts_pass_their_tests_and_each_has_one,
    alerts_and_dashboard_select_what_there_is,
    the_dashboard_is_whole,
    prometheus_scrapes_and_answers,
)


def main():
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), control_lab.RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links, http={"listen": f"127.0.0.1:{PORT}"}) as daemon:
            sides = (path_lab.Side(daemon, "seal", "plain-far", "sealed-far"),
                     path_lab.Side(daemon, "open", "sealed-far", "plain-far"))
            cases.run("test_metrics", TESTS, Fixture(daemon, sides, directory))


if __name__ == "__main__":
    main()
