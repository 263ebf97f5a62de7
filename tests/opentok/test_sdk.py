# SPDX-License-Identifier: BSD-3-Clause
"""The package opentok from npm, unmodified and pinned by the lock file beside this, as the client of a
real daemon. It is installed into a directory of its own, which goes away again."""

import atexit
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import cases  # noqa: E402
import http_lab  # noqa: E402
import netns  # noqa: E402
from http_lab import KEY, SECRET, curl  # noqa: E402

MODULES = "RTPSEAL_OPENTOK_MODULES"  # where the package is; or why it is not, behind a "!"
UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH")
ENCRYPTED = {"mediaMode": "routed", "e2ee": True}


def install():
    """Installs what the lock file pins, once, before there is no network any more."""
    if os.environ.get(MODULES):
        return
    missing = [tool for tool in ("node", "npm") if not shutil.which(tool)]
    if missing:
        os.environ[MODULES] = f"!{' and '.join(missing)} not found: scripts/setup clients"
        return
    directory = tempfile.mkdtemp(prefix="rtpseal-opentok-")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, directory)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=directory,
                          capture_output=True, text=True, timeout=300, check=False)
    os.environ[MODULES] = f"{directory}/node_modules"
    if done.returncode != 0:
        shutil.rmtree(directory)
        if not UNREACHABLE.search(done.stderr):
            sys.exit(f"npm ci: exit code {done.returncode}:\n{done.stderr}")
        os.environ[MODULES] = "!npm's registry cannot be reached"


class Sdk:
    """The package, or why there is none."""

    def __init__(self, modules):
        self.modules = modules

    def run(self, *calls, key=KEY, secret=SECRET):
        """Makes the calls one after the other, each a method's name and its arguments; returns their
        outcomes: (error, result)."""
        if self.modules.startswith("!"):
            raise cases.Skip(self.modules[1:])
        task = {"apiUrl": http_lab.URL, "apiKey": key, "apiSecret": secret,
                "calls": [{"method": method, "arguments": arguments} for method, *arguments in calls]}
        done = subprocess.run(["node", HERE / "sdk.js"], input=json.dumps(task), capture_output=True, text=True,
                              env=os.environ | {"NODE_PATH": self.modules}, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"node: exit code {done.returncode}: {done.stderr}")
        return [(outcome["error"], outcome.get("result")) for outcome in json.loads(done.stdout)]

    def version(self):
        return json.loads((pathlib.Path(self.modules) / "opentok" / "package.json").read_text())["version"]


def it_makes_an_encrypted_session_that_is_joined(checks, lab, sdk):
    (error, session), = sdk.run(("createSession", ENCRYPTED))
    checks.equal(error, None, "the error of createSession")
    checks.equal(sdk.version(), json.loads((HERE / "package.json").read_text())["dependencies"]["opentok"],
                 "the package's version")
    with lab.daemon.client() as client:
        made = client.call("session_get", session_id=session)
        checks.equal((made["e2ee"], made["media_mode"], made["archive_mode"]), (True, "routed", "manual"),
                     "the session")
        joined = client.call("session_connect", session_id=session, encryption_secret="correct horse battery")
        checks.equal((joined["state"], joined["epoch"]), ("connected", 1), "session_connect")
        client.call("session_delete", session_id=session)


def each_of_its_options_makes_the_session_that_it_asks_for(checks, lab, sdk):
    rows = (({}, (False, "relayed", "manual")), ({"mediaMode": "relayed"}, (False, "relayed", "manual")),
            ({"mediaMode": "routed"}, (False, "routed", "manual")),
            ({"mediaMode": "routed", "e2ee": False}, (False, "routed", "manual")),
            ({"mediaMode": "routed", "archiveMode": "always"}, (False, "routed", "always")),
            ({"mediaMode": "routed", "location": "12.34.56.78", "e2ee": True}, (True, "routed", "manual")))
    outcomes = sdk.run(*(("createSession", options) for options, _ in rows))
    for (options, expected), (error, session) in zip(rows, outcomes):
        checks.equal(error, None, f"the error for {options}")
        made = lab.daemon.call("session_get", session_id=session)
        checks.equal((made["e2ee"], made["media_mode"], made["archive_mode"]), expected, f"the session of {options}")
        lab.daemon.call("session_delete", session_id=session)
    (error, session), = sdk.run(("createSession", {"mediaMode": "routed"}), key=http_lab.ALWAYS)
    checks.equal(lab.daemon.call("session_get", session_id=session)["e2ee"], True, "e2ee: always")
    lab.daemon.call("session_delete", session_id=session)


def what_cannot_be_encrypted_is_refused_in_words_that_it_passes_on(checks, lab, sdk):
    outcomes = sdk.run(("createSession", {"mediaMode": "relayed", "e2ee": True}),
                       ("createSession", {"mediaMode": "routed", "archiveMode": "always", "e2ee": True}))
    for (error, _), words in zip(outcomes, (
            "A session with relayed media mode cannot have end-to-end encryption enabled.",
            "A session with always archive mode cannot have end-to-end encryption enabled.")):
        checks.true(error is not None and words in error, f"told {error}")
    checks.equal(lab.daemon.call("session_list")["sessions"], [], "the sessions")


def another_secret_is_an_authentication_error(checks, lab, sdk):
    for options in ({"secret": SECRET[::-1]}, {"key": "101"}):
        (error, _), = sdk.run(("createSession", ENCRYPTED), **options)
        checks.true(error is not None and "Invalid API key or secret" in error, f"told {error}")


def what_needs_decoded_media_is_refused_by_its_own_methods(checks, lab, sdk):
    calls = [("startArchive", "$session", {}), ("startCaptions", "$session", "t", {}),
             ("startBroadcast", "$session", {"outputs": {"hls": {}}}),
             ("startRender", {"sessionId": "$session"}),
             ("dial", "$session", "t", "sip:user@example.com", {}),
             ("websocketConnect", "$session", "t", "wss://example.com/", {})]
    outcomes = sdk.run(("createSession", ENCRYPTED), *calls)
    session = outcomes[0][1]
    for (method, *_), (error, _) in zip(calls, outcomes[1:]):
        # startCaptions has words of its own for every 409.
        words = "Live captions have already started" if method == "startCaptions" else "needs decoded media"
        checks.true(error is not None and words in error, f"{method}: told {error}")
    lab.daemon.call("session_delete", session_id=session)


def a_token_that_it_makes_for_a_browser_is_none_of_an_application_server(checks, lab, sdk):
    soon = int(time.time()) + 120
    outcomes = sdk.run(("createSession", ENCRYPTED), ("generateToken", "$session", {"expireTime": soon}),
                       ("generateToken", "$session", {"expireTime": soon, "role": "moderator"}))
    session = outcomes[0][1]
    for _, token in outcomes[1:]:
        checks.equal(token.count("."), 2, "the parts of a browser's token")
        answer = curl("/session/create", token=token, form="e2ee=true")
        checks.equal((answer.status, answer.json()["reason"]), (403, "denied"), "a browser's token")
    lab.daemon.call("session_delete", session_id=session)


TESTS = (
    it_makes_an_encrypted_session_that_is_joined,
    each_of_its_options_makes_the_session_that_it_asks_for,
    what_cannot_be_encrypted_is_refused_in_words_that_it_passes_on,
    another_secret_is_an_authentication_error,
    what_needs_decoded_media_is_refused_by_its_own_methods,
    a_token_that_it_makes_for_a_browser_is_none_of_an_application_server,
)

if __name__ == "__main__":
    install()
    netns.enter()
    found = os.environ[MODULES]
    if not found.startswith("!"):
        atexit.register(shutil.rmtree, pathlib.Path(found).parent)
    with http_lab.laboratory() as laboratory:
        cases.run("test_sdk", TESTS, laboratory, Sdk(found))
