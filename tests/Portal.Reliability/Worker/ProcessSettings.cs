namespace Portal.Reliability.Worker;

/// <summary>The keys of what a worker process is told of itself.</summary>
internal static class ProcessSettings
{
    /// <summary>An order for <see cref="Worker.Failpoint.Arm"/>; absent when it is to pass all points.</summary>
    public const string Failpoint = "Process:Failpoint";

    /// <summary>There when the process is to say <c>late</c> and two instants (Unix milliseconds) whenever the machine had no time for it.</summary>
    public const string Pulse = "Process:Pulse";
}
