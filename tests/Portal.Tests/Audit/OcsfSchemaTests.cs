using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Every line of an OCSF export is what the published schema says of its class: required attributes, no unknown ones, values of the enumerations, constraints.</summary>
public sealed class OcsfSchemaTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_event_of_every_code_is_as_the_schema_wants_it()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await FillAsync(world);
        var lines = await LinesAsync(world, Company.Ingrid);
        // Each code in each of its ways, and the last line.
        Assert.True(lines.Count > AuditCode.All.Count * 8, $"{lines.Count} lines.");
        var faults = lines.SelectMany(OcsfSchema.FaultsOf).Distinct().ToList();
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Equal([3002, 3003, 3004, 3005], lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("class_uid").GetInt32()).Distinct().Order());
        // Where something is kept from the reader, too.
        Assert.Empty((await LinesAsync(world, Company.Mira)).SelectMany(OcsfSchema.FaultsOf));
    }

    [Fact]
    public void What_is_not_as_the_schema_wants_it_is_found()
    {
        const string Good = """{"metadata":{"version":"1.3.0","product":{"name":"P","vendor_name":"P"},"profiles":["host"]},"time":1,"category_uid":3,"class_uid":3005,"activity_id":1,"type_uid":300501,"severity_id":1,"user":{"name":"x"},"privileges":["r"]}""";
        Assert.Empty(OcsfSchema.FaultsOf(Good));
        (string From, string To, string Fault)[] ways =
        [
            (",\"time\":1", "", "3005: time is missing"),
            ("\"vendor_name\":\"P\"", "\"version\":\"P\"", "product: vendor_name is missing"),
            ("\"activity_id\":1", "\"activity_id\":7", "3005: activity_id cannot be 7"),
            ("\"severity_id\":1", "\"severity_id\":1,\"comment\":\"x\"", "3005: comment is unknown"),
            ("{\"name\":\"x\"}", "{}", "user: at least one of account, name, uid"),
            ("300501", "300502", "3005: type_uid is not class and activity"),
            ("[\"host\"]", "[]", "3005: actor is unknown"),
            ("1.3.0", "1.2.0", "metadata: version is not 1.3.0"),
        ];
        foreach (var (from, to, fault) in ways)
            Assert.Contains(fault, OcsfSchema.FaultsOf(Good.Replace("\"severity_id\"", "\"actor\":{\"app_name\":\"a\"},\"severity_id\"", StringComparison.Ordinal).Replace(from, to, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Files_of_the_first_versions_are_still_checked_though_the_schema_wanted_more()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await FillAsync(world);
        var log = new SealedLog(world);
        var now = await LinesAsync(world, Company.Ingrid);
        var old = now[..^1].ConvertAll(AtFirst);
        var faults = old.SelectMany(OcsfSchema.FaultsOf).ToHashSet();
        Assert.Contains("3002: at least one of service, dst_endpoint", faults);
        Assert.Contains("entity: at least one of name, uid, device, group, org, policy, user", faults);

        Assert.True((await VerifyAsync(log, [.. old, now[^1]])).Holds);
        Assert.True((await VerifyAsync(log, now)).Holds);
        var forged = old.ConvertAll(line => line);
        forged[3] = forged[3].Replace("\"severity_id\":1", "\"severity_id\":2", StringComparison.Ordinal);
        Assert.NotEqual(old[3], forged[3]);
        Assert.False((await VerifyAsync(log, [.. forged, now[^1]])).Holds);
    }

    // Every code with all that an event can know and with nothing, by everyone who can act, however it came out.
    private static async Task FillAsync(PortalWorld world)
    {
        var mira = await world.IdentifyAsync(Company.Mira);
        var workload = new Actor(ActorKind.Workload, new PrincipalId(Company.Tenant, Guid.NewGuid()), "robot", null, new HashSet<PortalRole>(), new HashSet<Guid>());
        var scope = new AuditSubject { Scope = Company.Stripe, VaultName = "kv-payments-prod", SecretName = "stripe", RoleName = "Key Vault Secrets User" };
        AuditSubject[] subjects =
        [
            AuditSubject.Nothing, scope, scope with { Principal = Company.Jonas.Id, PrincipalName = Company.Jonas.Name, RequestId = Guid.NewGuid(), RequestReference = "R-1", GrantId = Guid.NewGuid() },
            new() { PolicyName = "payments", PolicyVersion = 3 },
        ];
        await using (var db = world.OpenDb())
        {
            foreach (var code in AuditCode.All)
                foreach (var about in subjects)
                    foreach (var (actor, outcome) in ((Actor, AuditOutcome)[])[(mira, AuditOutcome.Success), (Actor.System, AuditOutcome.Failed), (workload, AuditOutcome.Refused)])
                        db.AuditEvents.Add(new AuditEvent(code, outcome, actor, about, about == AuditSubject.Nothing ? AuditDetail.None : new AuditDetail("reason", "a comment", "req"), world.Clock.GetUtcNow()));
            await db.SaveChangesAsync(Ct);
        }

        await new SealedLog(world).SealAsync();
    }

    private static async Task<List<string>> LinesAsync(PortalWorld world, TestPerson reader)
    {
        var file = new MemoryStream();
        await (await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter()), await world.IdentifyAsync(reader), Ct)).Value.WriteAsync(ExportFormat.Ocsf, file, Ct);
        return [.. Encoding.UTF8.GetString(file.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    /// <summary>A line as the portal's first versions wrote it.</summary>
    private static string AtFirst(string line)
    {
        var now = JsonNode.Parse(line)!.AsObject();
        var (unmapped, entity) = (now["unmapped"]!.AsObject(), now["entity"]?.AsObject());
        var (comment, resource) = (now["comment"] ?? unmapped["comment"], now["resource"] ?? unmapped["resource"]);
        var user = (now["user"] ?? entity?["user"])?.DeepClone();
        if (user is null)
        {
            user = now["actor"]!["user"]!.DeepClone();
            user.AsObject().Remove("type_id");
        }

        now["metadata"]!.AsObject().Remove("profiles");
        unmapped.Remove("comment");
        unmapped.Remove("resource");
        entity?.Remove("user");
        if (entity?["name"]?.GetValue<string>() is "Audit trail" or "All access")
            entity.Remove("name");
        var old = new JsonObject();
        string[] order =
        [
            "metadata", "time", "category_uid", "class_uid", "activity_id", "activity_name", "type_uid", "severity_id", "status_id", "status_detail", "message", "comment",
            "actor", "user", "src_endpoint", "privileges", "entity", "resource", "raw_data", "unmapped",
        ];
        foreach (var name in order)
            if ((name switch { "comment" => comment, "resource" => resource, "user" => user, _ => now[name] })?.DeepClone() is { } value)
                old[name] = value;
        return old.ToJsonString(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static async Task<ExportVerdict> VerifyAsync(SealedLog log, List<string> lines)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))), Ct);
            return (await new VerifyExport().ExecuteAsync(new ExportToVerify(path, [log.Key.Verifier]), null, Actor.System, Ct)).Value;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
