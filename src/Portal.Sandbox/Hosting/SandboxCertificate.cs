using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Portal.Sandbox.Hosting;

/// <summary>
/// A root and a server certificate, both made at start. The root's key is thrown away once it has signed the one server
/// certificate, and the server's key never leaves memory: whoever trusts the root trusts this sandbox and nothing else.
/// </summary>
internal sealed class SandboxCertificate : IDisposable
{
    private static readonly string[] Names =
        ["localhost", "*.vault.azure.net", "*.blob.core.windows.net", "management.azure.com", "graph.microsoft.com", "login.microsoftonline.com"];

    private SandboxCertificate(X509Certificate2 root, X509Certificate2 server)
    {
        Root = root;
        Server = server;
    }

    public X509Certificate2 Root { get; }

    public X509Certificate2 Server { get; }

    public static SandboxCertificate Create()
    {
        // An hour back for clients on the same machine that run in a container with a late clock.
        var from = TimeProvider.System.GetUtcNow().AddHours(-1);
        var to = from.AddDays(30);

        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Portal sandbox (this machine only)", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        rootRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        rootRequest.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(rootRequest.PublicKey, false));
        using var root = rootRequest.CreateSelfSigned(from, to);

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", serverKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, true, false));
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in Names) alternatives.AddDnsName(name);
        alternatives.AddIpAddress(IPAddress.Loopback);
        alternatives.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(alternatives.Build());

        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        using var signed = request.Create(root, from, to, serial);
        using var withKey = signed.CopyWithPrivateKey(serverKey);
        // The round trip gives a key that SslStream also takes on Windows.
        var server = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
        return new SandboxCertificate(X509CertificateLoader.LoadCertificate(root.RawData), server);
    }

    /// <summary>Writes the root, which is public, as PEM. Returns the file's full path.</summary>
    public string WriteRoot(string directory)
    {
        Directory.CreateDirectory(directory);
        var file = Path.GetFullPath(Path.Combine(directory, "sandbox-root.pem"));
        var temporary = $"{file}.{Environment.ProcessId}.{RandomNumberGenerator.GetHexString(8)}";
        // Replaced in one step: a client that reads it meanwhile sees the old one or the new one, whole.
        File.WriteAllText(temporary, Root.ExportCertificatePem() + "\n");
        File.Move(temporary, file, overwrite: true);
        return file;
    }

    public void Dispose()
    {
        Root.Dispose();
        Server.Dispose();
    }
}
