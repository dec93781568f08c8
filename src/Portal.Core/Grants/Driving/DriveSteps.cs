namespace Portal.Core.Grants;

/// <summary>The steps of one turn of <see cref="DriveAssignment"/>, in their order.</summary>
public enum DriveStep
{
    /// <summary>A claimed row is taken up; nothing has been looked at.</summary>
    Claimed,

    /// <summary>What granting rests on has been looked at again; nothing is announced. Turns that give nothing do not come here.</summary>
    Checked,

    /// <summary>The call is announced and durable; it has not been made.</summary>
    Announced,

    /// <summary>The provider answered the call, with yes or no; nothing of that is saved.</summary>
    Called,

    /// <summary>The cloud was read back; nothing of that is saved.</summary>
    ReadBack,

    /// <summary>The outcome is about to be saved.</summary>
    Settling,

    /// <summary>The outcome is saved.</summary>
    Settled,

    /// <summary>In an outage of the database: the removal is announced in the spool; it has not been called for.</summary>
    SpoolAnnounced,

    /// <summary>In an outage of the database: the provider confirmed the removal; nothing of that is recorded.</summary>
    SpoolCalled,
}

/// <summary>A step that a turn has come to.</summary>
/// <param name="Step">Which.</param>
/// <param name="AssignmentId">Of which row.</param>
/// <param name="Call">The call that the turn is about, as far as it is known by then.</param>
public sealed record DriveStepReached(DriveStep Step, Guid AssignmentId, AssignmentIntent Call);

/// <summary>Says aloud where each turn of <see cref="DriveAssignment"/> stands. In production nobody listens; a test stops the process, or makes the turn fail, exactly there.</summary>
public sealed class DriveSteps
{
    /// <summary>Heard in the turn itself, before it goes on.</summary>
    public event Action<DriveStepReached>? Reached;

    internal void Reach(DriveStep step, Guid assignmentId, AssignmentIntent call) => Reached?.Invoke(new DriveStepReached(step, assignmentId, call));
}
