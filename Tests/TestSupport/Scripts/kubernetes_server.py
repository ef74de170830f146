"""A small Kubernetes API server. Orders come over a port of their own: one line of JSON each, answered by one line.

Arguments: ACCESS PORT CERTIFICATE KEY AUTHORITY TOKEN UID. The first line is `listening CONTROL-PORT`.
"""

import base64
import json
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse

from quiet_handler import QuietHandler

access, port, certificate, key, authority, token, uid = sys.argv[1:8]
port = int(port)
lock = threading.Lock()
pods, nodes, deployments = {}, {}, {}
# None as long as the cluster does not have the custom resource.
definitions = None
namespaces = {"kube-system": {"metadata": {"name": "kube-system", "uid": uid}}}
tokens = {token}
# Each a verb and a resource, such as "list pods".
denied = set()
faults, seen, snapshots = [], [], {}
revision = 1
recovered = threading.Event()
connections = set()
server = None

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
MESSAGES = {
    401: "Unauthorized",
    429: "Too many requests, please try again later.",
    410: "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter.",
    500: "Internal error occurred: the test wants it so",
    503: "the server is currently unable to handle the request",
}


def status(code, message=None, details=None):
    answer = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message or MESSAGES.get(code, "the test wants it so"),
        "code": code,
    }
    if code in REASONS:
        answer["reason"] = REASONS[code]
    if details:
        answer["details"] = details
    return answer


class Refusal(Exception):
    def __init__(self, code, message=None, details=None):
        self.code, self.answer = code, status(code, message, details)


def field(item, path):
    for name in path.split("."):
        item = item.get(name) if isinstance(item, dict) else None
    if isinstance(item, bool):
        return "true" if item else "false"
    return item or ""


SELECTABLE = {
    "pods": [
        "metadata.name",
        "metadata.namespace",
        "spec.nodeName",
        "spec.hostNetwork",
        "spec.restartPolicy",
        "status.phase",
        "status.podIP",
    ],
    "nodes": ["metadata.name", "spec.unschedulable"],
}


def selected(resource, items, selector):
    for term in filter(None, selector.split(",")):
        name, wanted, negated = None, None, False
        for operator in ("!=", "==", "="):
            if operator in term:
                name, _, wanted = term.partition(operator)
                negated = operator == "!="
                break
        if name is None:
            raise Refusal(400, "invalid field selector")
        if name not in SELECTABLE[resource]:
            raise Refusal(
                400,
                'Unable to find "/v1, Resource=%s" that match label selector "", field selector '
                '"%s": field label not supported: %s' % (resource, selector, name),
            )
        items = [item for item in items if (field(item, name) == wanted) != negated]
    return items


def page(resource, items, query):
    limit = int(query.get("limit", "0") or 0)
    token = query.get("continue")
    if token:
        try:
            at, start = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise Refusal(400, "continue key is not valid")
        if at not in snapshots:
            raise Refusal(410)
        items = snapshots[at]
    else:
        items = selected(resource, items, query.get("fieldSelector", ""))
        at, start = revision, 0
        if limit and len(items) > limit:
            at = "%d-%d" % (revision, len(seen))
            snapshots[at] = items
            while len(snapshots) > 500:
                del snapshots[next(iter(snapshots))]
    end = start + limit if limit else len(items)
    metadata = {"resourceVersion": str(at).partition("-")[0]}
    if end < len(items):
        metadata["continue"] = base64.urlsafe_b64encode(json.dumps([at, end]).encode()).decode()
        metadata["remainingItemCount"] = len(items) - end
    return {
        "kind": "PodList" if resource == "pods" else "NodeList",
        "apiVersion": "v1",
        "metadata": metadata,
        "items": items[start:end],
    }


def found(kind, resource, item, name):
    if item is None:
        raise Refusal(404, '%s "%s" not found' % (resource, name), {"name": name, "kind": resource})
    return {"kind": kind, "apiVersion": "v1", **item}


def look(path, query):
    # None for a path that the API does not have.
    parts = [urllib.parse.unquote(part) for part in path.split("/")[1:]]
    if parts == ["version"]:
        return {"major": "1", "minor": "30", "gitVersion": "v1.30.0"}
    if parts[:4] == ["apis", "apps", "v1", "namespaces"] and len(parts) == 7 and parts[5] == "deployments":
        return found("Deployment", "deployments", deployments.get((parts[4], parts[6])), parts[6])
    if parts[:4] == ["apis", "k8s.cni.cncf.io", "v1", "namespaces"] and len(parts) == 7 and definitions is not None:
        kind = "network-attachment-definitions"
        item = definitions.get((parts[4], parts[6]))
        if parts[5] == kind and item is not None:
            return {"kind": "NetworkAttachmentDefinition", "apiVersion": "k8s.cni.cncf.io/v1", **item}
        if parts[5] == kind:
            raise Refusal(
                404, '%s.k8s.cni.cncf.io "%s" not found' % (kind, parts[6]), {"name": parts[6], "kind": kind}
            )
    if parts[:2] != ["api", "v1"]:
        return None
    parts = parts[2:]
    if parts == ["pods"]:
        return page("pods", [pods[key] for key in sorted(pods)], query)
    if parts == ["nodes"]:
        return page("nodes", [nodes[key] for key in sorted(nodes)], query)
    if len(parts) == 2 and parts[0] == "nodes":
        return found("Node", "nodes", nodes.get(parts[1]), parts[1])
    if parts[:1] == ["namespaces"] and len(parts) == 2:
        return found("Namespace", "namespaces", namespaces.get(parts[1]), parts[1])
    if parts[:1] == ["namespaces"] and len(parts) in (3, 4) and parts[2] == "pods":
        if len(parts) == 4:
            return found("Pod", "pods", pods.get((parts[1], parts[3])), parts[3])
        return page("pods", [pods[key] for key in sorted(pods) if key[0] == parts[1]], query)
    raise Refusal(404, "the server could not find the requested resource", {})


def review(given):
    if given.get("kind") != "SelfSubjectAccessReview" or given.get("apiVersion") != "authorization.k8s.io/v1":
        raise Refusal(400, "the object is not a SelfSubjectAccessReview")
    wanted = given["spec"]["resourceAttributes"]
    with lock:
        allowed = "%s %s" % (wanted["verb"], wanted["resource"]) not in denied
    return {**given, "metadata": {}, "status": {"allowed": allowed}}


def fault_for(path, query):
    for fault in faults:
        if not path.startswith(fault.get("path") or ""):
            continue
        if (fault["continuing"] or fault["kind"] == "expire") and "continue" not in query:
            continue
        if fault.get("times") is not None:
            fault["times"] -= 1
            if fault["times"] <= 0:
                faults.remove(fault)
        return fault
    return None


class Handler(QuietHandler):
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with lock:
            connections.add(self.connection)

    def finish(self):
        with lock:
            connections.discard(self.connection)
        super().finish()

    def answer(self, code, body, kind="application/json", fields=(), cut=False):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        if cut:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)
        self.wfile.flush()

    def is_known(self):
        if access == "token":
            word, _, given = (self.headers.get("Authorization") or "").partition(" ")
            return word == "Bearer" and given in tokens
        if access == "clientCertificate":
            return bool(self.connection.getpeercert())
        return True

    def do(self):
        path, _, rest = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(rest, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with lock:
            seen.append(
                {
                    "line": self.command + " " + self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                }
            )
            fault = fault_for(path, query) or {"kind": None}
            hung = recovered
        kind = fault["kind"]
        if kind == "hang":
            hung.wait()
            self.close_connection = True
            return
        if kind == "close":
            self.close_connection = True
            return
        if kind == "delay":
            time.sleep(fault["milliseconds"] / 1000)
        if kind == "body":
            fields = [("Location", fault["location"])] if fault.get("location") else []
            return self.answer(fault["status"], fault["body"].encode(), fault["type"], fields)
        if kind == "status":
            fields = [("Retry-After", str(fault["retryAfter"]))] if fault.get("retryAfter") is not None else []
            return self.answer(
                fault["status"], status(fault["status"], self.message(fault["status"], path)), fields=fields
            )
        try:
            if not self.is_known():
                raise Refusal(401)
            if kind == "expire":
                raise Refusal(410)
            if self.command == "POST" and path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
                return self.answer(201, review(json.loads(body)))
            if self.command != "GET":
                raise Refusal(405, "the server does not allow this method on the requested resource")
            with lock:
                found = look(path, query)
            if found is None:
                return self.answer(404, b"404 page not found\n", "text/plain; charset=utf-8")
            self.answer(200, found, cut=kind == "cut")
        except Refusal as refusal:
            self.answer(refusal.code, refusal.answer)

    def message(self, code, path):
        if code != 403:
            return None
        parts = path.split("/")
        if parts[3:4] == ["namespaces"] and len(parts) == 5:
            return (
                'namespaces "%s" is forbidden: User "system:node:n1" cannot get resource "namespaces" '
                'in API group "" in the namespace "%s"' % (parts[4], parts[4])
            )
        verb, what = ("list", "nodes" if "nodes" in parts else "pods")
        return (
            '%s is forbidden: User "system:node:n1" cannot %s resource "%s" in API group "" '
            "at the cluster scope" % (what, verb, what)
        )

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 512

    def handle_error(self, request, address):
        pass


def listen():
    global server
    server = Server(("127.0.0.1", port), Handler)
    if access != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if access == "clientCertificate":
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(authority)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()


def refuse():
    global server
    if server is None:
        return
    server.shutdown()
    server.server_close()
    server = None
    with lock:
        open_ones = list(connections)
    for connection in open_ones:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def obey(order):
    global revision, recovered, tokens, denied, definitions
    name = order["order"]
    if name == "fail" and order["kind"] == "refuse":
        refuse()
    if name == "recover" and server is None:
        listen()
    with lock:
        if name == "put-pods":
            for pod in order["pods"]:
                revision += 1
                pod["metadata"].setdefault("resourceVersion", str(revision))
                pods[pod["metadata"]["namespace"], pod["metadata"]["name"]] = pod
        elif name == "put-node":
            revision += 1
            order["node"]["metadata"]["resourceVersion"] = str(revision)
            nodes[order["node"]["metadata"]["name"]] = order["node"]
        elif name == "put-deployment":
            revision += 1
            metadata = order["deployment"]["metadata"]
            deployments[metadata["namespace"], metadata["name"]] = order["deployment"]
        elif name == "put-network-definition":
            revision += 1
            definitions = definitions or {}
            metadata = order["definition"]["metadata"]
            definitions[metadata["namespace"], metadata["name"]] = order["definition"]
        elif name == "delete-pod":
            revision += 1
            pods.pop((order["namespace"], order["name"]), None)
        elif name == "put-namespace":
            revision += 1
            namespaces.pop(order["name"], None)
            if order.get("uid") is not None:
                namespaces[order["name"]] = {"metadata": {"name": order["name"], "uid": order["uid"]}}
        elif name == "delete-node":
            revision += 1
            nodes.pop(order["name"], None)
        elif name == "fail":
            if order["kind"] != "refuse":
                faults.insert(0, order)
        elif name == "recover":
            faults.clear()
            recovered.set()
            recovered = threading.Event()
        elif name == "tokens":
            tokens = set(order["tokens"])
        elif name == "deny":
            denied = set(order["accesses"])
        elif name == "requests":
            return list(seen)
        elif name == "forget":
            seen.clear()
        return {}


class Orders(socketserver.StreamRequestHandler):
    def handle(self):
        answer = obey(json.loads(self.rfile.readline()))
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class Control(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 512


listen()
control = Control(("127.0.0.1", 0), Orders)
print("listening", control.server_address[1], flush=True)
control.serve_forever()
