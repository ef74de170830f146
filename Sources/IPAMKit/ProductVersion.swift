/// The version of both programs.
public enum ProductVersion {
    /// As semver.org has it.
    public static let text = "0.3.0"
}
