"""Writes a container image as a tar file: one layer with a static busybox. Arguments: BUSYBOX NAME TARGET.

OCI Image Format Specification 1.0: image-layout.md, manifest.md, config.md.
"""

import hashlib
import io
import json
import platform
import sys
import tarfile

busybox, name, target = sys.argv[1:]
blobs = {}


def blob(kind, data):
    digest = hashlib.sha256(data).hexdigest()
    blobs["blobs/sha256/" + digest] = data
    return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest, "size": len(data)}


def archive(file, contents):
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in contents:
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
            else:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)


with open(busybox, "rb") as file:
    program = file.read()
folders = [(path, None) for path in ("bin", "dev", "etc", "proc", "shared", "sys", "tmp")]
links = [("bin/" + applet, "busybox") for applet in ("ip", "ping", "sh", "sleep")]
layer = io.BytesIO()
archive(layer, folders + [("bin/busybox", program)] + links)
layer = blob("layer.v1.tar", layer.getvalue())
machine = platform.machine()
configuration = blob(
    "config.v1+json",
    json.dumps(
        {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
            "os": "linux",
            "config": {"Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        }
    ).encode(),
)
manifest = blob(
    "manifest.v1+json",
    json.dumps(
        {
            "schemaVersion": 2,
            "config": configuration,
            "layers": [layer],
        }
    ).encode(),
)
manifest["annotations"] = {"io.containerd.image.name": name}
index = {"schemaVersion": 2, "manifests": [manifest]}
with open(target, "wb") as file:
    archive(
        file,
        [
            ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
            ("index.json", json.dumps(index).encode()),
            ("blobs", None),
            ("blobs/sha256", None),
            *blobs.items(),
        ],
    )
