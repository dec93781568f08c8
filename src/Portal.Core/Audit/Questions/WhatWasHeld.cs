using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Questions;

/// <summary>What a person held, when.</summary>
/// <param name="PersonObjectId">The person.</param>
/// <param name="Period">When, such as a day.</param>
public sealed record HoldingQuestion(Guid PersonObjectId, AuditPeriod Period);

/// <summary>What a person had access to at any moment of a period.</summary>
public sealed class WhatWasHeld(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>Answers.</summary>
    public async Task<Result<AccessAnswer>> ExecuteAsync(HoldingQuestion input, Actor actor, CancellationToken ct)
    {
        if (input.Period.Fault(actor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.WhatWasHeld, input.Period.AsFilter() with { PersonObjectId = input.PersonObjectId }), actor, ct);
        return await AccessSpans.OverlappingAsync(db, db.AuditEvents.AsNoTracking().Where(e => e.SubjectObjectId == input.PersonObjectId), input.Period, ct);
    }
}
