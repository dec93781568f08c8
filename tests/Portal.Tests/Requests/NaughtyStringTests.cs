using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Requests;

/// <summary>The big list of naughty strings as justifications: each is refused by a rule with a name, or kept byte for byte.</summary>
public sealed class NaughtyStringTests
{
    [Theory, BothDatabases]
    public async Task Each_is_refused_by_name_or_comes_back_byte_for_byte(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var strings = JsonSerializer.Deserialize<string[]>(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data", "blns.json"), TestContext.Current.CancellationToken))!;
        Assert.Equal(515, strings.Length);
        var mira = await world.IdentifyAsync(Company.Mira);
        var kept = new Dictionary<Guid, string>();
        var refused = new List<string>();
        foreach (var text in strings)
        {
            // A colleague each, so that none is a duplicate of another.
            var colleague = mira with { Id = new PrincipalId(Company.Tenant, Guid.NewGuid()) };
            var result = await world.Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), PortalWorld.Draft(justification: text)), colleague, TestContext.Current.CancellationToken);
            if (result.Succeeded)
            {
                kept.Add(result.Value.RequestId, text);
                continue;
            }

            var refusal = Assert.Single(result.Refusals);
            Assert.Contains(refusal.Code, (string[])[RefusalCode.TextBlank, RefusalCode.TextControlCharacter, RefusalCode.TextDirectionOverride, RefusalCode.TextLoneSurrogate, RefusalCode.TextTooLong]);
            Assert.Equal("justification", refusal.Field);
            refused.Add(text);
        }

        // Refusing is for the few that deceive or leave no mark, not a way out.
        Assert.InRange(refused.Count, 1, 40);
        var stored = await world.ReadAsync(db => db.AccessRequests.ToDictionaryAsync(r => r.Id, r => r.Justification));
        var told = await world.ReadAsync(db => db.AuditEvents.Where(e => e.Code == "request.submitted").ToDictionaryAsync(e => e.RequestId!.Value, e => e.Comment));
        Assert.All(kept, pair =>
        {
            Assert.Equal(Encoding.UTF8.GetBytes(pair.Value), Encoding.UTF8.GetBytes(stored[pair.Key]));
            Assert.Equal(pair.Value, told[pair.Key]);
        });
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("=HYPERLINK(\"http://evil.example\",\"x\")")]
    [InlineData("'; DROP TABLE \"AccessRequests\"; --")]
    [InlineData("Zeile 1\r\nZeile 2\tmit Tab")]
    [InlineData("😀 e\u0301 שלום مرحبا")]
    public async Task What_merely_looks_dangerous_is_text(string text)
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync(draft: PortalWorld.Draft(justification: text));
        Assert.Equal(text, (await world.RequestAsync(asked.RequestId)).Justification);
    }
}
