using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>The fast way to read the trail, beside EF Core's.</summary>
public sealed class AuditReadingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task The_file_is_byte_for_byte_what_ef_core_makes_of_the_list_whatever_people_wrote(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddHostileAsync(world);
        foreach (var reader in (TestPerson[])[Company.Ingrid, Company.Mira])
        {
            var listed = await ListAsync(world, reader, new AuditFilter());
            var exported = await ExportAsync(world, reader, new AuditFilter());
            Assert.True(listed.Count > 100);
            await AssertIsAsync(listed, exported);
        }
    }

    [Theory]
    [BothDatabases]
    public async Task A_hostile_name_in_a_filter_is_a_name(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddHostileAsync(world);
        foreach (var name in (string[])["'; DROP TABLE \"AuditEvents\" --", "\\' OR 1=1 --", "@filter_VaultName", "$$", "%", "{0}", "a\"b", "E'\\n'"])
        {
            await using (var db = world.OpenDb())
            {
                db.AuditEvents.Add(Saying("named", vault: name));
                await db.SaveChangesAsync(Ct);
            }

            var filter = new AuditFilter { VaultName = name, SecretName = "db", Code = AuditCode.RequestSubmitted.Value, From = PortalWorld.Start.AddDays(-1), PersonObjectId = Company.Mira.ObjectId };
            var listed = await ListAsync(world, Company.Ingrid, filter);
            Assert.Equal("named", Assert.Single(listed).Comment);
            await AssertIsAsync(listed, await ExportAsync(world, Company.Ingrid, filter));
        }
    }

    [Fact]
    public async Task What_was_changed_behind_the_portals_back_is_shown_as_it_is()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await using (var db = world.OpenDb())
        {
            db.AuditEvents.Add(Saying("one"));
            await db.SaveChangesAsync(Ct);
            await world.SealAsync(checkpoint: true);
            await db.Database.ExecuteSqlRawAsync("UPDATE \"AuditEvents\" SET \"WindowStart\" = 'yesterday', \"WindowEnd\" = '2026-03-02 10:00:00.1234567', \"GrantId\" = 'mine', \"RequestId\" = 'ü2345678-0000-4000-8000-00000000000', \"PolicyVersion\" = 'three', \"Comment\" = CAST(x'61ff62' AS TEXT)", Ct);
        }

        var records = StrictCsv.Read(await ExportAsync(world, Company.Ingrid, new AuditFilter()));
        var row = records[0].Zip(records[1]).ToDictionary(cell => cell.First, cell => cell.Second);
        Assert.Equal("ü2345678-0000-4000-8000-00000000000", row["request_id"]);
        Assert.Equal(("yesterday", "2026-03-02T10:00:00.1234567Z", "mine", "three", "a\uFFFDb"), (row["window_start"], row["window_end"], row["grant_id"], row["policy_version"], row["comment"]));
    }

    /// <summary>Texts that may be typed and some that may not, each in every column that takes text; times at both ends of what a column holds.</summary>
    internal static async Task AddHostileAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        foreach (var text in Strings("blns.json").Where(text => PersonText.CheckRequired(text, "comment") is null).Where((_, i) => i % 3 == 0).Concat(Strings("csv-payloads.json")).Concat(["", "a\uD83D\uDE00b", "\"", "\"\"", "'", "''=1", "a\r\nb", ",", new string('=', 70_000), new string('\u4E2D', 3000)]))
            db.AuditEvents.Add(Saying(text, text, text));
        await db.SaveChangesAsync(Ct);
    }

    private static AuditEvent Saying(string text, string vault = "kv-a", string secret = "db")
    {
        var actor = new Actor(ActorKind.Person, text.Length % 2 == 0 ? Company.Mira.Id : Company.Priya.Id, text, null, new HashSet<PortalRole> { PortalRole.Requester }, new HashSet<Guid>())
        {
            Client = new ClientInfo(text, text),
            CorrelationId = text,
            OnBehalfOf = text.Length % 3 == 0 ? Company.Jonas.Id : null,
        };
        var about = new AuditSubject
        {
            Principal = Company.Mira.Id,
            PrincipalName = text,
            Scope = text,
            VaultName = vault,
            SecretName = secret,
            RoleName = text,
            RequestId = text.Length % 5 == 0 ? null : Guid.NewGuid(),
            RequestReference = text,
            GrantId = text.Length % 5 == 0 ? Guid.NewGuid() : null,
            PolicyName = text,
            PolicyVersion = text.Length % 4 == 0 ? null : text.Length,
        };
        return new AuditEvent(AuditCode.RequestSubmitted, AuditOutcome.Refused, actor, about,
            new AuditDetail(text, text, text, DateTimeOffset.MinValue.AddMilliseconds(text.Length), new DateTimeOffset(9999, 12, 31, 23, 59, 59, 999, TimeSpan.Zero)), PortalWorld.Start.AddMilliseconds(text.Length));
    }

    // The places in the log and the last row are nothing that EF Core's list knows of.
    private static async Task AssertIsAsync(List<AuditEvent> listed, byte[] file)
    {
        var records = StrictCsv.Read(file);
        var ordered = listed.OrderBy(e => records.FindIndex(record => record[1] == e.EventId.ToString())).ToList();
        var expected = await EfCsv.WriteAsync(ordered, records[1..^1].ConvertAll(record => record[^4..]));
        Assert.Equal(Encoding.UTF8.GetString(expected), Encoding.UTF8.GetString(file.AsSpan(0, Math.Min(file.Length, expected.Length))));
        Assert.StartsWith("export.", Assert.Single(StrictCsv.Read([0xEF, 0xBB, 0xBF, .. file[expected.Length..]]))[3], StringComparison.Ordinal);
    }

    private static async Task<List<AuditEvent>> ListAsync(PortalWorld world, TestPerson reader, AuditFilter filter)
    {
        var events = new List<AuditEvent>();
        string? after = null;
        do
        {
            var page = (await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(filter, after, 200), await world.IdentifyAsync(reader), Ct)).Value;
            events.AddRange(page.Items.Where(e => e.Code != AuditCode.AuditExported.Value));
            after = page.Next;
        }
        while (after is not null);
        events.Reverse();
        return events;
    }

    private static async Task<byte[]> ExportAsync(PortalWorld world, TestPerson reader, AuditFilter filter)
    {
        var file = new MemoryStream();
        await AuditCsv.WriteAsync((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(filter), await world.IdentifyAsync(reader), Ct)).Value, file, Ct);
        return file.ToArray();
    }

    private static List<string> Strings(string file) =>
        JsonSerializer.Deserialize<List<string>>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", file), Encoding.UTF8))!;
}
