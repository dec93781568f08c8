using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Portal.Sandbox;

namespace Portal.Tests.Sandbox;

public sealed class SandboxHostTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("https://localhost/")]
    [InlineData("https://kv-payments-prod.vault.azure.net/")]
    [InlineData("https://management.azure.com/")]
    [InlineData("https://graph.microsoft.com/")]
    [InlineData("https://login.microsoftonline.com/")]
    public async Task Every_service_is_reached_under_its_real_name_with_verification_on(string address)
    {
        using var client = sandbox.NewClient();
        using var answer = await client.GetAsync(new Uri(new Uri(address), "nothing-here"), Ct);
        Assert.NotEqual(HttpStatusCode.MisdirectedRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_name_outside_the_certificate_fails_the_handshake()
    {
        using var client = sandbox.NewClient();
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("https://evil.example/"), Ct));
        Assert.IsType<AuthenticationException>(e.InnerException);
    }

    [Fact]
    public async Task The_browsers_port_refuses_a_foreign_host_name()
    {
        using var client = sandbox.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, sandbox.Host.Addresses.FrontPage) { Headers = { Host = "attacker.example" } };
        using var answer = await client.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, answer.StatusCode);
    }

    [Fact]
    public async Task The_certificate_file_holds_the_root_and_no_private_key()
    {
        var pem = await File.ReadAllTextAsync(sandbox.Host.CertificateFile, Ct);
        Assert.DoesNotContain("PRIVATE", pem, StringComparison.Ordinal);
        using var root = X509Certificate2.CreateFromPem(pem);
        Assert.Equal(sandbox.Host.RootCertificate.Thumbprint, root.Thumbprint);
        Assert.False(sandbox.Host.RootCertificate.HasPrivateKey);
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_that_names_the_cause()
    {
        var options = new SandboxOptions { HttpsPort = sandbox.Host.Addresses.HttpsPort, HttpPort = 0, DataDirectory = Path.GetTempPath() };
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => SandboxHost.StartAsync(options, Ct));
    }

    [Fact]
    public async Task Two_sandboxes_run_side_by_side_and_a_client_of_one_does_not_trust_the_other()
    {
        var other = new SandboxFixture();
        await other.InitializeAsync();
        await using (other)
        {
            using var client = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = { CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { sandbox.Host.RootCertificate }, RevocationMode = X509RevocationMode.NoCheck } },
            });
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(other.Host.Addresses.Instance), Ct));
        }
    }
}
