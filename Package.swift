// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "kube-ipam",
    products: [
        .executable(name: "kube-ipam", targets: ["kube-ipam"]),
        .executable(name: "ipamctl", targets: ["ipamctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CEdit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
        .target(name: "Machine"),
        .target(name: "Digest"),
        .target(name: "HTTPTransport", dependencies: ["Machine", "CCurl"]),
        .target(
            name: "EtcdClient",
            dependencies: ["HTTPTransport"]),
        .target(name: "KubernetesClient", dependencies: ["HTTPTransport", "Machine", "Digest", "YAML"]),
        .target(name: "Store"),
        .target(name: "EtcdStore", dependencies: ["Store", "EtcdClient"]),
        .target(name: "StrictJSON"),
        .target(name: "YAML", dependencies: ["StrictJSON", "CYaml"]),
        .target(name: "Addresses", dependencies: ["StrictJSON"]),
        .target(name: "IPAMKit", dependencies: ["Addresses", "StrictJSON", "Store", "Machine", "Digest"]),
        .target(name: "KubernetesPods", dependencies: ["IPAMKit", "KubernetesClient"]),
        .target(
            name: "KubernetesManifests", dependencies: ["IPAMKit", "KubernetesClient", "KubernetesPods", "YAML"]),
        .target(name: "CStart"),
        .target(name: "CCompat"),
        .executableTarget(
            name: "kube-ipam",
            dependencies: [
                "IPAMKit", "Store", "EtcdStore", "EtcdClient", "KubernetesClient", "KubernetesPods", "HTTPTransport",
                "Machine", "CStart", "CCompat",
            ]),
        .executableTarget(
            name: "ipamctl",
            dependencies: [
                "IPAMKit", "Store", "EtcdStore", "EtcdClient", "KubernetesClient", "KubernetesPods",
                "KubernetesManifests", "HTTPTransport", "Machine", "YAML", "CCompat", "CEdit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "TestSupport", path: "Tests/TestSupport", exclude: ["Scripts"]),
        .testTarget(name: "HTTPTransportTests", dependencies: ["HTTPTransport", "TestSupport"]),
        .testTarget(name: "EtcdClientTests", dependencies: ["EtcdClient", "HTTPTransport", "TestSupport"]),
        .testTarget(
            name: "KubernetesClientTests",
            dependencies: [
                "KubernetesClient", "KubernetesPods", "IPAMKit", "HTTPTransport", "Digest", "TestSupport",
            ]),
        .testTarget(name: "KubernetesManifestsTests", dependencies: ["KubernetesManifests", "IPAMKit", "TestSupport"]),
        .testTarget(name: "YAMLTests", dependencies: ["YAML", "StrictJSON", "TestSupport"]),
        .testTarget(
            name: "EtcdStoreTests", dependencies: ["EtcdStore", "EtcdClient", "HTTPTransport", "Store", "TestSupport"]),
        .testTarget(name: "DigestTests", dependencies: ["Digest"]),
        .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON", "TestSupport"]),
        .testTarget(name: "AddressesTests", dependencies: ["Addresses", "TestSupport"]),
        .testTarget(
            name: "IPAMKitTests",
            dependencies: ["IPAMKit", "Store", "Machine", "EtcdStore", "EtcdClient", "HTTPTransport", "TestSupport"]),
        // Tests of the programs run what was built, and import nothing of it but ipamctl's output formats.
        .testTarget(
            name: "KubeIPAMTests",
            dependencies: [
                "kube-ipam", "ipamctl", "IPAMKit", "Store", "EtcdStore", "EtcdClient", "HTTPTransport", "TestSupport",
            ]),
        .testTarget(
            name: "IpamctlTests",
            dependencies: [
                "ipamctl", "IPAMKit", "Store", "EtcdStore", "EtcdClient", "HTTPTransport", "TestSupport",
            ]),
    ]
)
