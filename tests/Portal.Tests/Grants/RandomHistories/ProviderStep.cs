using CsCheck;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>What happens next in a random history of access by membership or by schedule.</summary>
internal abstract record ProviderStep
{
    public sealed record Promise(bool ForNadia, bool Other, int Minutes, int? StartsIn) : ProviderStep;

    public sealed record End(int Which, bool Revoke) : ProviderStep;

    public sealed record Pass(int Seconds) : ProviderStep;

    public sealed record Fault(CallFault Kind) : ProviderStep;

    public sealed record ByHand(bool ForNadia, bool In) : ProviderStep;

    public sealed record LandLate : ProviderStep;

    public sealed record Look : ProviderStep;

    public sealed record Restart : ProviderStep;

    public sealed record Outage(int Seconds, bool AuditOnly) : ProviderStep;

    public sealed record SlowReads(int Seconds) : ProviderStep;

    public sealed record SetDatabase(int Ahead) : ProviderStep;

    private static readonly int[] Clocks = [-86_400, -3_600, 0, 0, 3_600, 86_400];

    /// <summary>Whatever can happen to one portal.</summary>
    public static readonly Gen<ProviderStep> Any = Gen.Frequency(
        (4, Gen.Select(Gen.Bool, Gen.Bool, Gen.Int[10, 90], Gen.Int[0, 60].Nullable(0.5)).Select((n, o, m, i) => (ProviderStep)new Promise(n, o, m, i))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (ProviderStep)new End(w, r))),
        (5, Gen.Int[1, 3000].Select(s => (ProviderStep)new Pass(s))),
        (3, Gen.Enum<CallFault>().Select(k => (ProviderStep)new Fault(k))),
        (2, Gen.Select(Gen.Bool, Gen.Bool).Select((n, i) => (ProviderStep)new ByHand(n, i))),
        (1, Gen.Const((ProviderStep)new LandLate())),
        (1, Gen.Const((ProviderStep)new Look())),
        (1, Gen.Const((ProviderStep)new Restart())),
        (1, Gen.Select(Gen.Int[15, 600], Gen.Bool).Select((s, a) => (ProviderStep)new Outage(s, a))),
        (1, Gen.Int[0, 5].Select(i => (ProviderStep)new SetDatabase(Clocks[i]))),
        (1, Gen.Int[0, 540].Select(s => (ProviderStep)new SlowReads(s))));
}
