import IPAMKit
import KubernetesManifests
import Machine

/// Kubernetes manifests on the command line: files, folders, and - for standard input.
struct ManifestFiles: Sendable {
    let manifest: Manifest

    /// The largest size of one file.
    private static let limit = 16 << 20
    private static let endings = [".yaml", ".yml", ".json"]

    /// Reads the manifests. Of a folder, the files that end in .yaml, .yml or .json are read, in the order of their names; the
    /// folders in it are not, as kubectl does it without `-R`.
    ///
    /// - Parameter namespace: the namespace of objects that name none; those that name another one are refused.
    /// - Throws: ``Failure`` with the place of what cannot be used, and if there is no object at all.
    init(_ paths: [String], namespace: Namespace?) throws(Failure) {
        var manifest = Manifest()
        var files: [String] = []
        for path in paths { files += try Self.files(path) }
        for path in files {
            let name = path == "-" ? "standard input" : path
            let bytes = try Self.read(path)
            do throws(ManifestError) {
                try manifest.add(bytes, file: name, namespace: namespace)
            } catch {
                throw Failure(
                    .usage, error.description, hint: error.hint ?? "correct the manifest, or leave the file out")
            }
        }
        guard !(manifest.objects.isEmpty && manifest.skippedKinds.isEmpty && manifest.skippedObjects.isEmpty) else {
            let names = paths.map { $0 == "-" ? "standard input" : $0 }.joined(separator: ", ")
            throw Failure(
                .usage, "there is no object of Kubernetes in \(names)",
                hint: "name a manifest, such as one that 'kubectl apply -f' takes")
        }
        self.manifest = manifest
    }

    private static func files(_ path: String) throws(Failure) -> [String] {
        guard !path.hasPrefix("https://"), !path.hasPrefix("http://") else {
            throw Failure(
                .usage, "\(path) is a URL, and only files are read",
                hint: "fetch it first: curl -fsS URL | ipamctl preflight -f -")
        }
        guard path != "-", FileReader.kind(of: path) == .folder else { return [path] }
        let names = try Failure.wrap(hint: "check the path and the permissions") {
            try FileReader.names(in: path) ?? []
        }
        let files = names.filter { name in !name.hasPrefix(".") && endings.contains(where: name.hasSuffix) }.sorted()
        guard !files.isEmpty else {
            throw Failure(
                .usage, "the folder \(path) has no manifest",
                hint: "the names of manifests end in .yaml, .yml or .json; folders in it are not read")
        }
        return files.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    private static func read(_ path: String) throws(Failure) -> [UInt8] {
        let bytes = try TextFile.bytes(of: path, limit: limit)
        guard bytes.count <= limit else {
            throw Failure(
                .usage, "\(path) is larger than \(limit >> 20) MiB", hint: "split it into several files")
        }
        return bytes
    }
}

extension Manifest {
    /// What is left out, for standard error.
    var remarks: [String] {
        let kinds = skippedKinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return (kinds.isEmpty ? [] : ["skipped: \(kinds.joined(separator: ", "))"])
            + skippedObjects.map { "skipped: \($0.object) (\($0.object.place)): \($0.reason)" }
    }
}
