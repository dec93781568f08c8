namespace Portal.Core.Grants.Pacing;

/// <summary>Says of calls that they take access back, down to the wire: there they go ahead of those that give. A delete says so by itself; a schedule is taken back by a request, which counts as a write, after some reads.</summary>
public static class TakingBack
{
    private static readonly AsyncLocal<bool> UnderWay = new();

    /// <summary>Whether whatever is called from here takes access back, or looks whether it is gone.</summary>
    public static bool IsUnderWay => UnderWay.Value;

    /// <summary>Whatever this asynchronous method calls from here on takes access back; its caller's own calls do not.</summary>
    public static void Begin() => UnderWay.Value = true;
}
