/// The columns that `--columns` and `--sort-by` of a command can name.
enum ResultColumns {
    private static var results: [String: [any Tabular.Type]] {
        [
            "adopt": [AdoptionResult.self],
            "audit": [AuditResult.self],
            "backup": [BackupResult.self],
            "config check": [ConfigCheckList.self],
            "config show": [ConfigMembers.self],
            "doctor": [CheckList.self],
            "extend": [ChangeList.self],
            "history": [HistoryList.self, PastHolder.self],
            "hold": [NetworkChange.self],
            "list": [AddressList.self, ExpiringList.self],
            "map": [MapList.self],
            "networks": [NetworkList.self],
            "note": [ChangeList.self],
            "preflight": [PreflightResult.self],
            "release": [ChangeList.self, AuditResult.self],
            "reserve": [ChangeList.self],
            "restore": [RestoreResult.self],
            "show": [AddressDetail.self],
            "unhold": [NetworkChange.self],
            "version": [VersionReport.self],
            "watch": [EventLine.self],
        ]
    }

    /// - Parameter command: its words, such as `list`, or `config check`.
    /// - Returns: such as `used-by`; empty for a command without columns.
    static func names(of command: String) -> [String] {
        ColumnName.all(of: (results[command] ?? []).flatMap { $0.titles })
    }
}

extension Tabular {
    fileprivate static var titles: [String] { columns.map(\.title) }
}
