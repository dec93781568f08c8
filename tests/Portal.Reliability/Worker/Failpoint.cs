using System.Globalization;
using System.Runtime.InteropServices;
using Portal.Core.Grants;

namespace Portal.Reliability.Worker;

/// <summary>A step of the engine at which this process kills or stops itself. Nothing of it runs on after the signal: not the step's own thread, and no other.</summary>
internal sealed class Failpoint
{
    private const int Kill = 9;
    private const int Stop = 19;

    /// <summary>The order to do nothing at any point.</summary>
    public const string Disarm = "off";

    private readonly Lock _lock = new();
    private Armed? _armed;

    /// <summary>All points, each by its name.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        NameOf(DriveStep.Claimed, AssignmentIntent.None),
        NameOf(DriveStep.Checked, AssignmentIntent.None),
        .. from step in (DriveStep[])[DriveStep.Announced, DriveStep.Called, DriveStep.ReadBack, DriveStep.Settling, DriveStep.Settled]
           from call in (AssignmentIntent[])[AssignmentIntent.Put, AssignmentIntent.Delete]
           select NameOf(step, call),
    ];

    /// <summary>Understands <c>kill Announced/Put 2</c>: at the second time that the point is passed. <c>freeze</c> stops the process instead.</summary>
    public void Arm(string order)
    {
        var words = order.Split(' ');
        lock (_lock)
            _armed = order == Disarm ? null : new Armed(words[1], int.Parse(words[2], CultureInfo.InvariantCulture), words[0] == "kill" ? Kill : Stop);
    }

    /// <summary>Looks at the steps of one more engine of this process. Passings are counted over all of them.</summary>
    public void Watch(DriveSteps steps) => steps.Reached += reached => Pass(NameOf(reached.Step, reached.Call));

    private static string NameOf(DriveStep step, AssignmentIntent call) => call == AssignmentIntent.None ? $"{step}" : $"{step}/{call}";

    private void Pass(string point)
    {
        lock (_lock)
        {
            if (_armed is not { } armed || armed.Point != point)
                return;
            if (armed.Countdown > 1)
            {
                _armed = armed with { Countdown = armed.Countdown - 1 };
                return;
            }

            _armed = null;
            Console.Out.WriteLine($"at {point}");
            Console.Out.Flush();
            if (kill(Environment.ProcessId, armed.Signal) != 0)
                throw new InvalidOperationException($"The signal at {point} could not be sent: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    private sealed record Armed(string Point, int Countdown, int Signal);

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}
