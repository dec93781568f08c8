namespace Portal.Reliability.Judging;

/// <summary>One worker: while it was there with nothing in its way, and when the machine had no time for it.</summary>
internal sealed record Attendance(Spans Up, Spans Stalls);
