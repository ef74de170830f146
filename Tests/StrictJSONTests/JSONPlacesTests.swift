import StrictJSON
import Testing

@Suite struct JSONPlacesTests {
    @Test func everyMemberAndElementHasThePlaceOfItsBeginning() throws {
        let text = "{\n  \"a\": [1, \"x\", {\"ä\": \"\\\"}\", \"b\" : null}],\n\t\"c\\u0041\": {}\n}"
        let places = try JSONPlaces(of: text.utf8)
        #expect(places.place == JSONPlace(line: 1, column: 1))
        let list = try #require(places.members["a"])
        #expect(list.place == JSONPlace(line: 2, column: 3))
        #expect(list.elements.map(\.place.column) == [9, 12, 17])
        #expect(list.elements[2].members["ä"]?.place == JSONPlace(line: 2, column: 18))
        #expect(list.elements[2].members["b"]?.place == JSONPlace(line: 2, column: 30))
        #expect(places.members["cA"]?.place == JSONPlace(line: 3, column: 2))
        #expect(places.members["cA"]?.members.isEmpty == true)
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\":1,\"a\":2}"])
    func aTextThatIsNotJSONIsAnError(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONPlaces(of: text.utf8) }
    }

    @Test func scalarsAndEmptyListsHaveNoMembers() throws {
        for text in ["1", " \"x\" ", "[]", "{ }", "true"] {
            let places = try JSONPlaces(of: text.utf8)
            #expect(places.members.isEmpty && places.elements.isEmpty, "\(text)")
        }
    }
}
