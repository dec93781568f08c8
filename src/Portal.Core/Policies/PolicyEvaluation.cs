namespace Portal.Core.Policies;

/// <summary>A requirement of a policy and whether the ask meets it.</summary>
/// <param name="Code">What is required: the refusal code that not meeting it gives.</param>
/// <param name="Met">Whether it is met.</param>
/// <param name="Refusal">Why not; null when met.</param>
public sealed record Requirement(string Code, bool Met, Refusal? Refusal);

/// <summary>What the policies say of an ask. The screen shows exactly this, and the decision is made on exactly this.</summary>
/// <param name="Policy">The version that governs; null when none covers the entitlement.</param>
/// <param name="Requirements">All that it requires, met or not.</param>
public sealed record PolicyVerdict(AccessPolicy? Policy, IReadOnlyList<Requirement> Requirements)
{
    /// <summary>Whether the ask may be sent.</summary>
    public bool Allows => Policy is not null && Requirements.All(r => r.Met);

    /// <summary>What is not met.</summary>
    public IEnumerable<Refusal> Refusals => Requirements.Where(r => r.Refusal is not null).Select(r => r.Refusal!);
}

/// <summary>What is asked, as far as a policy looks at it.</summary>
/// <param name="Entitlement">The role at the scope.</param>
/// <param name="Groups">The groups of the one who asks.</param>
/// <param name="Duration">How long.</param>
/// <param name="Start">From when; null for as soon as approved.</param>
/// <param name="Ticket">The ticket number; null or blank for none.</param>
public sealed record PolicyQuestion(Entitlement Entitlement, IReadOnlySet<Guid> Groups, TimeSpan Duration, DateTimeOffset? Start, string? Ticket);

/// <summary>The rules, without a clock, a database or a side effect.</summary>
public static class PolicyEvaluation
{
    /// <summary>Finds the policy that governs an entitlement for someone: the first by rank that covers it and for which they are eligible; failing that, the first that covers it.</summary>
    /// <returns>Null when none covers it: what no policy offers is denied.</returns>
    public static AccessPolicy? Governing(IEnumerable<AccessPolicy> current, Entitlement entitlement, IReadOnlySet<Guid> groups)
    {
        AccessPolicy? first = null;
        foreach (var policy in current.OrderBy(p => p.Rank))
        {
            if (!policy.Definition.Covers(entitlement))
                continue;
            if (IsEligible(policy.Definition, groups))
                return policy;
            first ??= policy;
        }

        return first;
    }

    /// <summary>Judges an ask.</summary>
    public static PolicyVerdict Evaluate(IEnumerable<AccessPolicy> current, PolicyQuestion question, DateTimeOffset now)
    {
        var policy = Governing(current, question.Entitlement, question.Groups);
        if (policy is null)
            return new PolicyVerdict(null, [Unmet(new Refusal(RefusalCode.NotOffered))]);

        var rule = policy.Definition;
        return new PolicyVerdict(policy,
        [
            Require(RefusalCode.NotEligible, IsEligible(rule, question.Groups),
                () => new Refusal(RefusalCode.NotEligible, null, rule.Name, Names(rule.Eligible))),
            .. Window(rule, question, now),
            Require(RefusalCode.TicketMissing, !rule.RequiresTicket || !PersonText.IsBlank(question.Ticket),
                () => new Refusal(RefusalCode.TicketMissing, "ticket")),
        ]);
    }

    /// <summary>Whether someone in these groups may ask.</summary>
    public static bool IsEligible(PolicyDefinition rule, IReadOnlySet<Guid> groups) => rule.Eligible.Any(g => groups.Contains(g.Id));

    /// <summary>Whether someone in these groups may decide.</summary>
    public static bool IsApprover(PolicyDefinition rule, IReadOnlySet<Guid> groups) => rule.Approvers.Any(g => groups.Contains(g.Id));

    /// <summary>The names of groups, for people.</summary>
    public static string Names(IEnumerable<PolicyGroup> groups) => string.Join(", ", groups.Select(g => g.Name));

    private static IEnumerable<Requirement> Window(PolicyDefinition rule, PolicyQuestion question, DateTimeOffset now)
    {
        var duration = question.Duration;
        yield return Require(RefusalCode.WindowEmpty, duration > TimeSpan.Zero, () => new Refusal(RefusalCode.WindowEmpty, "duration"));
        yield return Require(RefusalCode.WindowTooShort, duration <= TimeSpan.Zero || duration >= rule.LeastWindow,
            () => new Refusal(RefusalCode.WindowTooShort, "duration", (int)rule.LeastWindow.TotalMinutes));
        yield return Require(RefusalCode.WindowTooLong, duration <= rule.LongestWindow,
            () => new Refusal(RefusalCode.WindowTooLong, "duration", (int)rule.LongestWindow.TotalMinutes));
        if (question.Start is not { } start)
            yield break;
        // A request lapses when less would be left than the least: this one would as it is sent. Said once, where nothing else is wrong with the window.
        yield return Require(RefusalCode.WindowNearlyOver, duration < rule.LeastWindow || start > now || start < now - StartSlack || duration - (now - start) > rule.LeastWindow,
            () => new Refusal(RefusalCode.WindowNearlyOver, "start", (int)rule.LeastWindow.TotalMinutes));
        yield return Require(RefusalCode.WindowInPast, start >= now - StartSlack, () => new Refusal(RefusalCode.WindowInPast, "start"));
        yield return Require(RefusalCode.WindowTooFarAhead, start <= now + PolicyDefinition.FarthestStart,
            () => new Refusal(RefusalCode.WindowTooFarAhead, "start", (int)PolicyDefinition.FarthestStart.TotalDays));
    }

    // A form is filled in for minutes; a start that was now when it was picked is not in the past when it is sent.
    private static readonly TimeSpan StartSlack = TimeSpan.FromMinutes(5);

    private static Requirement Require(string code, bool met, Func<Refusal> refusal) => new(code, met, met ? null : refusal());

    private static Requirement Unmet(Refusal refusal) => new(refusal.Code, false, refusal);
}
