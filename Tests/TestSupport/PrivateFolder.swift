/// A folder of /etc as one process is to see it: its own mount namespace, nothing of the machine itself changed.
public enum PrivateFolder {
    /// The command that runs a program which sees `folder` at `path`, which need not be there and is not made here. The
    /// program runs in the process of the command itself, which needs a PATH.
    public static func command(showing folder: String, at path: String, _ program: String, _ arguments: [String] = [])
        -> (program: String, arguments: [String])
    {
        let script = """
            set -e
            mount -t tmpfs none /mnt
            mkdir /mnt/upper /mnt/work
            mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
            mkdir -p "$2"
            mount --bind "$1" "$2"
            shift 2
            exec "$@"
            """
        return ("unshare", ["-m", "sh", "-c", script, "sh", folder, path, program] + arguments)
    }
}
