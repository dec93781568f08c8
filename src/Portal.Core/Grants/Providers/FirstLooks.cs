namespace Portal.Core.Grants;

/// <summary>Looks before the first call where nothing marks what is the portal's: what is there by then was put there by somebody else, and stays. And before a schedule takes the place of somebody else's, so that what is announced is nearly always done.</summary>
internal static class FirstLooks
{
    /// <summary>Looks, where something is about to be called.</summary>
    /// <returns>The clearance with what was seen. Where it could not be seen, everyone who waits is held back.</returns>
    public static async Task<Clearance> LookFirstAsync(this IGrantProvider provider, Trio trio, Clearance clearance, DateTimeOffset now, CancellationToken ct)
    {
        var plan = trio.PlanAt(now, clearance);
        if (plan.Call == AssignmentIntent.None)
            return clearance;
        // Without a record that it was free when we came, nothing here is ours to take; what carries a mark is told by that.
        var marked = !trio.Assignment.LooksFirst;
        if (plan.Call == AssignmentIntent.Delete)
            return marked ? clearance : clearance with { First = FirstLook.Held };
        try
        {
            var seen = await provider.ReadAsync(trio.Assignment.Target, null, ct);
            var held = marked ? seen.IsAnothers : seen.Kind != ReadingKind.Missing;
            if (held && JustTaken(trio.Assignment, now))
                throw new CloudCallException(AttentionCode.RemovedMembershipStillShown, "The portal has just taken this membership back, and the directory still shows it. Whether somebody else gave it cannot be told yet.", null, isTransient: true);
            return clearance with { First = held ? FirstLook.Held : FirstLook.Free };
        }
        catch (CloudCallException fault)
        {
            // Beside whoever is held back already.
            return clearance with { HeldBack = clearance.HeldBack.Concat(plan.Needing.Select(g => KeyValuePair.Create(g.Id, fault))).ToDictionary() };
        }
    }

    // The directory may show for minutes what is gone.
    private static bool JustTaken(DesiredAssignment row, DateTimeOffset now) =>
        row.Observed == AssignmentObservation.Absent && row.WasWrittenWithin(LookDelay.Propagation, now);
}
