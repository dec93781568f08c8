using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.Architecture;

namespace Portal.Tests.Audit.Sealing;

/// <summary>The documentation of the log's format: its vectors are what the code makes, and what its script makes that shares nothing with the code.</summary>
public sealed partial class AuditLogFormatDocumentTests
{
    private const string UpdateVariable = "PORTAL_UPDATE_DOCS";
    private const string Origin = "portal.example/audit";

    private static readonly string Document = Path.Combine(SourceTree.Root, "docs", "audit-log-format.md");
    private static readonly DateTimeOffset At = new(2026, 11, 28, 0, 40, 5, 7, TimeSpan.Zero);

    // Of bytes 0, 1, 2 … 31: known to everyone, and so of no use but here.
    private static readonly SigningKey Key = SigningKey.Parse("PRIVATE+KEY+portal.example/audit+9c3973b9+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
        ?? throw new InvalidOperationException("The key of the vectors is none.");

    [Fact]
    public void The_vectors_are_what_the_code_makes()
    {
        var written = File.ReadAllText(Document);
        var expected = Vectors().Aggregate(written, (text, vector) => Block(vector.Name).Replace(text, match => match.Groups[1].Value + vector.Value + "\n```", 1));
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
            File.WriteAllText(Document, expected);
        Assert.All(Vectors(), vector => Assert.Matches(Block(vector.Name), written));
        Assert.True(written == expected, $"docs/audit-log-format.md has other vectors than the code. Run the test once with {UpdateVariable}=1, see that nothing but what should change did, and commit the file.");
    }

    [Fact]
    public void The_field_list_is_that_of_the_code() =>
        Assert.Contains(string.Join(", ", EventFields.Names.Select(name => $"`{name}`")), File.ReadAllText(Document), StringComparison.Ordinal);

    [Fact]
    public async Task The_script_makes_the_same_leaf_hashes()
    {
        var document = await File.ReadAllTextAsync(Document, TestContext.Current.CancellationToken);
        var script = PythonBlock().Match(document).Groups[1].Value;
        Assert.NotEmpty(script);
        foreach (var number in new[] { 1, 2, 3 })
        {
            using var python = Start(script);
            Assert.SkipWhen(python is null, "There is no python3 here.");
            await python.StandardInput.WriteAsync(ValueOf(document, $"Event {number}"));
            python.StandardInput.Close();
            var hash = await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.Equal(ValueOf(document, $"Leaf hash {number}"), hash.Trim());
        }
    }

    private static Process? Start(string script)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("python3", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true, StandardInputEncoding = new UTF8Encoding(false) });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static IEnumerable<(string Name, string Value)> Vectors()
    {
        var log = new TileAppender();
        var canonical = new CanonicalEvent();
        var number = 0;
        var roots = new List<byte[]>();
        foreach (var happened in Events())
        {
            number++;
            canonical.Take(happened);
            log.Append(canonical.LeafHash());
            roots.Add(log.Root());
            yield return ($"Event {number}", Encoding.UTF8.GetString(canonical.Json()));
            yield return ($"Leaf hash {number}", Convert.ToHexStringLower(canonical.LeafHash()));
            yield return ($"Field digests {number}", Convert.ToHexStringLower(canonical.FieldDigests()));
        }

        var tree = new TileTree(log.TakeChanged());
        yield return ("Roots", string.Join('\n', roots.Select(Convert.ToHexStringLower)));
        yield return ("Inclusion of event 1 in 3", string.Join('\n', MerkleTree.InclusionPath(0, 3).Select(r => Convert.ToHexStringLower(tree.Hash(r)))));
        yield return ("Consistency of 2 with 3", string.Join('\n', MerkleTree.ConsistencyPath(2, 3).Select(r => Convert.ToHexStringLower(tree.Hash(r)))));
        yield return ("Verifier key", Key.Verifier.ToString());
        yield return ("Checkpoint", SignedNote.Sign(new Checkpoint(Origin, 3, log.Root(), At.AddSeconds(1)).ToText(), Key).ToString().TrimEnd('\n'));
    }

    private static IEnumerable<AuditEvent> Events()
    {
        yield return new AuditEvent(AuditCode.RequestLapsed, AuditOutcome.Success, Actor.System with { CorrelationId = "" }, AuditSubject.Nothing, AuditDetail.None, At, Guid.Parse("019ac800-0000-7000-8000-000000000001"));
        var tenant = Guid.Parse("0c8a6dd0-0000-4000-8000-000000000001");
        var actor = new Actor(ActorKind.Person, new PrincipalId(tenant, Guid.Parse("0c8a6dd0-0000-4000-8000-000000000002")), "Ada Okafor", null, new HashSet<PortalRole> { PortalRole.Approver, PortalRole.Auditor }, new HashSet<Guid>())
        {
            OnBehalfOf = new PrincipalId(tenant, Guid.Parse("0c8a6dd0-0000-4000-8000-000000000003")),
            OnBehalfOfName = "Cyd Vale",
            Client = new ClientInfo("192.0.2.7", "curl/8.5"),
            CorrelationId = "c0ffee",
        };
        var about = new AuditSubject
        {
            Principal = new PrincipalId(tenant, Guid.Parse("0c8a6dd0-0000-4000-8000-000000000004")),
            PrincipalName = "Ben Ito",
            Scope = "/subscriptions/0c8a6dd0-0000-4000-8000-000000000005/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-a/secrets/db",
            VaultName = "kv-a",
            SecretName = "db",
            RoleName = "Key Vault Secrets User",
            RequestId = Guid.Parse("019ac800-0000-7000-8000-000000000006"),
            RequestReference = "R-4TQ2",
            GrantId = Guid.Parse("019ac800-0000-7000-8000-000000000007"),
            PolicyName = "prod",
            PolicyVersion = 3,
        };
        yield return new AuditEvent(AuditCode.GrantActivated, AuditOutcome.Success, actor, about,
            new AuditDetail("why", "text", "prov-1", At.AddMinutes(1), At.AddMinutes(31)) { ProviderCorrelationId = "prov-2" }, At, Guid.Parse("019ac800-0000-7000-8000-000000000002"));
        yield return new AuditEvent(AuditCode.RequestDenied, AuditOutcome.Success, actor, about,
            new AuditDetail(Comment: "Größe \"mit\" \\ Zeile\r\n\tzwei \b\f\u0001\u001f\u007f \u2028 / \u20ac \U0001F511 \u0065\u0301"), At, Guid.Parse("019ac800-0000-7000-8000-000000000003"));
    }

    private static string ValueOf(string document, string name) => Block(name).Match(document).Groups[2].Value;

    // A vector is a code block under its name in bold.
    private static Regex Block(string name) => new($@"(\*\*{Regex.Escape(name)}\*\*\n\n?```(?:json|text)?\n)(.*?)\n```", RegexOptions.Singleline);

    [GeneratedRegex("```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex PythonBlock();
}
