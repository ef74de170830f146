"""A small server that answers as Kubernetes' API does, over http: single pods, lists of pods and nodes in pages."""

import http.server
import json
import threading
import urllib.parse

from harness import free_ports


class Kubernetes:
    """Pods of the namespace default by name, one node, and lists that are served as they were given."""

    def __init__(self):
        self.pods, self.lists = {}, {}
        (port,) = free_ports(1)
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _, query = self.path.partition("?")
                status, text = cluster.answer(path, dict(urllib.parse.parse_qsl(query)))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def write_kubeconfig(self, file):
        file.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "bench",
            "clusters": [{"name": "bench", "cluster": {"server": self.url}}],
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "users": [{"name": "bench", "user": {"token": "bench"}}]}))

    def answer(self, path, query):
        """The status and the body of a GET."""
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "v1"] and len(parts) == 3 and parts[2] in self.lists:
            return 200, self.page(*self.lists[parts[2]], int(query.get("limit", 500)), int(query.get("continue", 0)))
        status, body = self.object(parts)
        return status, json.dumps(body).encode()

    @staticmethod
    def page(kind, items, limit, first):
        """A page of a list; its items are JSON already, because there may be very many."""
        end = first + limit
        metadata = {"resourceVersion": "1"} | ({"continue": str(end)} if end < len(items) else {})
        return (f'{{"kind":"{kind}","apiVersion":"v1","metadata":{json.dumps(metadata)},'
                f'"items":[{",".join(items[first:end])}]}}').encode()

    def object(self, parts):
        if parts[:4] == ["api", "v1", "namespaces", "default"] and len(parts) == 6 and parts[4] == "pods":
            if parts[5] in self.pods:
                return 200, self.pods[parts[5]]
            return self.missing("pods", parts[5])
        if parts == ["api", "v1", "namespaces", "kube-system"]:
            return 200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system", "uid": "bench"}}
        if parts == ["api", "v1", "nodes", "n1"]:
            return 200, {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1", "uid": "node"}, "spec": {},
                         "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        return self.missing(parts[-2] if len(parts) > 1 else "", parts[-1])

    @staticmethod
    def missing(kind, name):
        return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
                     "message": f'{kind} "{name}" not found', "details": {"name": name, "kind": kind}}
