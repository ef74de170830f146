import IPAMKit
import Testing

@Suite struct ConfigurationLocatorTests {
    private func networks(_ text: String) throws -> [String] {
        try ConfigurationLocator.networks(in: JSONValue(parsing: text)).map { $0.serialized() }
    }

    @Test func plainPluginFileIsItself() throws {
        let text = #"{"cniVersion":"0.3.1","name":"a","type":"macvlan","ipam":{"type":"kube-ipam"}}"#
        #expect(try networks(text) == [text])
    }

    @Test func pluginsOfAListGetItsNameAndVersion() throws {
        let text = #"""
            {"cniVersion":"1.0.0","name":"list","plugins":[{"type":"bridge","name":"x","ipam":{"type":"kube-ipam"}},
            {"type":"portmap"},{"type":"ptp","ipam":{"type":"host-local"}}]}
            """#
        #expect(
            try networks(text) == [#"{"type":"bridge","name":"list","ipam":{"type":"kube-ipam"},"cniVersion":"1.0.0"}"#]
        )
    }

    /// CNI 1.1, "Network configuration format"; libcni takes the newest that it knows.
    @Test(arguments: [
        (#""cniVersions":["0.3.1","1.1.0","1.0.0"]"#, "1.1.0"),
        (#""cniVersion":"0.4.0","cniVersions":["1.0.0","2.0.0"]"#, "1.0.0"),
        (#""cniVersion":"1.0.0","cniVersions":["0.4.0"]"#, "1.0.0"), (#""cniVersions":["2.0.0"]"#, "2.0.0"),
    ])
    func aListMayNameSeveralVersions(_ versions: String, _ chosen: String) throws {
        let list = #"{\#(versions),"name":"list","plugins":[{"type":"bridge","ipam":{"type":"kube-ipam"}}]}"#
        let plugin = #"{"type":"bridge","ipam":{"type":"kube-ipam"},"name":"list","cniVersion":"\#(chosen)"}"#
        #expect(try networks(list) == [plugin])
        let multus = #"{"cniVersion":"0.3.1","name":"multus","delegates":[\#(list)]}"#
        #expect(try networks(multus) == [plugin])
    }

    @Test func delegatesOfMultusAreFoundNestedAndInheritWhatTheyLack() throws {
        let text = #"""
            {"cniVersion":"0.4.0","name":"multus","type":"multus","delegates":[
            {"type":"ipvlan","ipam":{"type":"kube-ipam"}},
            {"cniVersion":"1.0.0","name":"inner","plugins":[{"type":"macvlan","ipam":{"type":"kube-ipam"}}]},
            {"name":"other","type":"flannel"}]}
            """#
        #expect(
            try networks(text) == [
                #"{"type":"ipvlan","ipam":{"type":"kube-ipam"},"name":"multus","cniVersion":"0.4.0"}"#,
                #"{"type":"macvlan","ipam":{"type":"kube-ipam"},"name":"inner","cniVersion":"1.0.0"}"#,
            ])
    }

    @Test(arguments: [
        "[]", "null", "{}", #"{"plugins":{}}"#, #"{"plugins":[1,null]}"#, #"{"ipam":[]}"#, #"{"delegates":"x"}"#,
    ])
    func filesWithoutNetworksHaveNone(text: String) throws {
        #expect(try networks(text) == [])
    }
}
