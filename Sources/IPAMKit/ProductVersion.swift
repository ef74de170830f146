/// The version of both programs.
public enum ProductVersion {
    /// In the format of semver.org.
    public static let text = "0.3.0"
}
