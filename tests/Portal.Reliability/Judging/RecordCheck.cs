using Microsoft.EntityFrameworkCore;
using Portal.Core.Grants;
using Portal.Reliability.World;

namespace Portal.Reliability.Judging;

/// <summary>Whether the portal's own record agrees: each outcome once, no end moved, nothing left open.</summary>
internal static class RecordCheck
{
    private static readonly string[] Outcomes = ["grant.activated", "grant.ended"];

    public static async Task RunAsync(Lane lane, Judgement judgement)
    {
        var grants = await lane.ReadAsync(db => db.Grants.AsNoTracking().ToDictionaryAsync(g => g.Id));
        var events = await lane.ReadAsync(db => db.AuditEvents.AsNoTracking().Where(e => e.GrantId != null).Select(e => new { e.GrantId, Code = e.Code }).ToListAsync());
        var counts = events.Where(e => Outcomes.Contains(e.Code)).GroupBy(e => (e.GrantId, e.Code)).ToDictionary(g => g.Key, g => g.Count());
        lock (judgement)
        {
            foreach (var promise in lane.Desk.Promises)
            {
                var grant = grants[promise.GrantId];
                if (grant.State != GrantState.Ended)
                    judgement.Record($"lane {lane.Number}", $"grant {grant.Id} is {grant.State} at the end ({grant.AttentionCode})");
                if (grant.EndsAt != promise.EndsAt)
                    judgement.Record($"lane {lane.Number}", $"the end of grant {grant.Id} moved from {promise.EndsAt:O} to {grant.EndsAt:O}");
                var activated = counts.GetValueOrDefault((promise.GrantId, "grant.activated"));
                if (activated > 1 || activated == 1 != (grant.ActivatedAt is not null))
                    judgement.Record($"lane {lane.Number}", $"grant {grant.Id} has {activated} grant.activated");
                if (counts.GetValueOrDefault((promise.GrantId, "grant.ended")) != 1)
                    judgement.Record($"lane {lane.Number}", $"grant {grant.Id} has {counts.GetValueOrDefault((promise.GrantId, "grant.ended"))} grant.ended");
            }
        }
    }
}
