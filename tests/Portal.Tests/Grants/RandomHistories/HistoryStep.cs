using CsCheck;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>What happens next in a random history of role assignments.</summary>
internal abstract record HistoryStep
{
    public sealed record Promise(bool ForNadia, int Scope, int Minutes, int? StartsIn) : HistoryStep;

    public sealed record Extend(int Which, int Minutes, bool AtItsEnd) : HistoryStep;

    public sealed record SetMachine(int Ahead) : HistoryStep;

    public sealed record SetDatabase(int Ahead) : HistoryStep;

    public sealed record End(int Which, bool Revoke) : HistoryStep;

    public sealed record Pass(int Seconds) : HistoryStep;

    public sealed record Fault(CallFault Kind) : HistoryStep;

    public sealed record Standing(bool ForNadia, int Scope) : HistoryStep;

    public sealed record LandLate(int Which) : HistoryStep;

    public sealed record Hand(int Which, bool Remove) : HistoryStep;

    public sealed record Reconcile : HistoryStep;

    public sealed record Restart : HistoryStep;

    public sealed record Outage(int Seconds, bool AuditOnly) : HistoryStep;

    public sealed record SlowReads(int Seconds) : HistoryStep;

    public sealed record DirectoryAnswers(bool Answers) : HistoryStep;

    public sealed record Pause(bool OneScope, bool TakeBack) : HistoryStep;

    // A day, the hour of summer time, a leap second, and right again.
    private static readonly int[] Clocks = [-86_400, -3_600, -1, 0, 0, 1, 3_600, 86_400];
    private static readonly Gen<int> AnyClock = Gen.Int[0, 7].Select(i => Clocks[i]);

    private static readonly Gen<HistoryStep> AnyExtension = Gen.Select(Gen.Int[0, 9], Gen.Int[5, 40], Gen.Bool).Select((w, m, e) => (HistoryStep)new Extend(w, m, e));

    /// <summary>Whatever can happen to one portal.</summary>
    public static readonly Gen<HistoryStep> Any = Gen.Frequency(
        (4, Gen.Select(Gen.Bool, Gen.Int[0, 1], Gen.Int[5, 90], Gen.Int[0, 60].Nullable(0.5)).Select((n, s, m, i) => (HistoryStep)new Promise(n, s, m, i))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (HistoryStep)new End(w, r))),
        (5, Gen.Int[1, 3000].Select(s => (HistoryStep)new Pass(s))),
        (3, Gen.Enum<CallFault>().Select(k => (HistoryStep)new Fault(k))),
        (1, Gen.Select(Gen.Bool, Gen.Int[0, 1]).Select((n, s) => (HistoryStep)new Standing(n, s))),
        (1, Gen.Int[0, 99].Select(w => (HistoryStep)new LandLate(w))),
        (1, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (HistoryStep)new Hand(w, r))),
        (1, Gen.Const((HistoryStep)new Reconcile())),
        (1, Gen.Const((HistoryStep)new Restart())),
        (1, Gen.Select(Gen.Int[15, 600], Gen.Bool).Select((s, a) => (HistoryStep)new Outage(s, a))),
        (1, Gen.Select(Gen.Bool, Gen.Bool).Select((m, t) => (HistoryStep)new Pause(m, t))),
        (2, AnyExtension),
        (1, AnyClock.Select(s => (HistoryStep)new SetMachine(s))),
        (1, AnyClock.Select(s => (HistoryStep)new SetDatabase(s))),
        (1, Gen.Int[0, 600].Select(s => (HistoryStep)new SlowReads(s))),
        (1, Gen.Bool.Select(a => (HistoryStep)new DirectoryAnswers(a))));

    /// <summary>Nothing goes wrong: then there is no excuse at any instant, but that nothing is given by a clock that is wrong.</summary>
    public static readonly Gen<HistoryStep> Quiet = Gen.Frequency(
        (4, Gen.Select(Gen.Bool, Gen.Int[0, 1], Gen.Int[5, 40], Gen.Int[0, 20].Nullable(0.5)).Select((n, s, m, i) => (HistoryStep)new Promise(n, s, m, i))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (HistoryStep)new End(w, r))),
        (1, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (HistoryStep)new Hand(w, r))),
        (2, AnyExtension),
        (1, AnyClock.Select(s => (HistoryStep)new SetMachine(s))),
        (4, Gen.Int[1, 1200].Select(s => (HistoryStep)new Pass(s))));

    /// <summary>What people and time do.</summary>
    public static readonly Gen<HistoryStep> Undisturbed = Gen.Frequency(
        (4, Gen.Select(Gen.Bool, Gen.Int[0, 1], Gen.Int[5, 40], Gen.Int[0, 20].Nullable(0.5)).Select((n, s, m, i) => (HistoryStep)new Promise(n, s, m, i))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (HistoryStep)new End(w, r))),
        (2, AnyExtension),
        (1, Gen.Const((HistoryStep)new Restart())),
        (4, Gen.Int[1, 1200].Select(s => (HistoryStep)new Pass(s))));
}
