import Foundation
import TestSupport
import Testing

/// `scripts/setup` on a machine on which systemd is not running: a package that it installs starts nothing, neither now nor with
/// the machine. apt-get and the package are made up; what enables and disables services is Debian's own.
@Suite(.needs(.root)) struct SetupScriptTests {
    /// A package with a unit and an init script, which its installation enables as Debian's do.
    private static let apt = """
        #!/bin/sh
        case " $* " in *" install "*) ;; *) exit 0 ;; esac
        cat > /usr/lib/systemd/system/kube-test.service <<UNIT
        [Service]
        ExecStart=/bin/true
        [Install]
        WantedBy=multi-user.target
        Alias=kube-test2.service
        UNIT
        printf '#!/bin/sh\\n### BEGIN INIT INFO\\n# Provides: kube-test\\n# Default-Start: 2 3 4 5\\n# Default-Stop: 0 1 6\\n### END INIT INFO\\n' \
            > /etc/init.d/kube-test
        chmod 755 /etc/init.d/kube-test
        DPKG_MAINTSCRIPT_PACKAGE=kube-test deb-systemd-helper enable kube-test.service >&2
        update-rc.d kube-test defaults >&2
        echo enabled: $(find /etc/systemd/system /etc/rc?.d -name '*kube-test*' | wc -l) >> "$PLACE/log"
        touch "$PLACE/installed"
        """

    private static let query = """
        #!/bin/sh
        case $1 in
        --show) echo base; if [ -e "$PLACE/installed" ]; then echo kube-test; fi ;;
        --listfiles) printf '/.\\n/lib/systemd/system/kube-test.service\\n/etc/init.d/kube-test\\n' ;;
        esac
        """

    /// A machine of its own, on which shellcheck is missing.
    private static let script = """
        set -e
        for tool in apt-get dpkg-query; do install -m 755 "$PLACE/$tool.sh" "$PLACE/$tool"; done
        mount -t tmpfs none /mnt
        for folder in etc usr var; do
            mkdir -p /mnt/$folder/upper /mnt/$folder/work
            mount -t overlay none -o lowerdir=/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work /$folder
        done
        rm -f /usr/bin/shellcheck /usr/local/bin/shellcheck /usr/sbin/policy-rc.d
        if [ "$1" = no ]; then rm -f /usr/bin/systemctl /bin/systemctl; fi
        ln -s /dev/null /etc/systemd/system/kept.service
        bash "$2/scripts/setup" >> "$PLACE/log"
        find /etc/systemd/system /etc/rc?.d \\( -name '*kube-test*' -o -name kept.service \\) -a ! -name 'K*'
        if [ -e /usr/sbin/policy-rc.d ]; then echo a policy is left; fi
        """

    @Test(arguments: [true, false])
    func aServiceOfAnInstalledPackageIsNotEnabled(hasSystemctl: Bool) async throws {
        let folder = try TemporaryDirectory(prefix: "setup")
        for (name, text) in [("apt-get", Self.apt), ("dpkg-query", Self.query)] {
            // A file that this process has written may still be open in a child that another test is starting, and
            // could not be executed then (ETXTBSY): the script makes the programs of these.
            _ = try folder.write(text + "\n", to: name + ".sh")
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(folder.path):" + (environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin")
        environment["PLACE"] = folder.path
        let output = try await runProcess(
            "unshare", ["-m", "bash", "-c", Self.script, "bash", hasSystemctl ? "yes" : "no", root],
            environment: environment
        ).checked()
        let log = try String(contentsOf: folder.file("log"), encoding: .utf8)
        #expect(log.contains("setup: installing ") && log.contains(" shellcheck"), "\(log)")
        // Two links of the unit, and at least one of the init script for each level of operation.
        #expect(log.contains("enabled: ") && !log.contains("enabled: 0"), "\(log)")
        #expect(output.stdoutText == "/etc/systemd/system/kept.service\n", "\(output.stdoutText)\(output.stderrText)")
    }
}
