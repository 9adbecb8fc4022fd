"""A registry on 127.0.0.1 whose repositories fail in the way they are named for; the argument is its port."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DIGEST = "sha256:" + "0" * 64


def blob(kind: str, size: int) -> dict[str, object]:
    return {"mediaType": kind, "digest": DIGEST, "size": size}


ONE = {
    "schemaVersion": 2,
    "mediaType": MANIFEST,
    "config": blob("application/vnd.oci.image.config.v1+json", 100),
    "layers": [blob("application/vnd.oci.image.layer.v1.tar", 100)],
}
FOREIGN = {
    "schemaVersion": 2,
    "mediaType": INDEX,
    "manifests": [{**blob(MANIFEST, 100), "platform": {"architecture": "s390x", "os": "linux"}}],
}


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        repository = self.path.removeprefix("/v2/").partition("/")[0]
        if repository == "private":
            self.say(401, {}, **{"WWW-Authenticate": 'Basic realm="x"'})
        elif repository == "busy":
            self.say(429, {"errors": [{"code": "TOOMANYREQUESTS"}]})
        elif repository == "foreign":
            self.say(200, FOREIGN)
        elif repository == "slow" and "/blobs/" in self.path:
            time.sleep(120)
        elif repository == "slow":
            self.say(200, ONE)
        else:
            self.say(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})

    def say(self, status: int, body: dict[str, object], **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", str(body.get("mediaType", "application/json")))
        self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(data).hexdigest())
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    server.serve_forever()
