namespace Portal.Web.Layout;

/// <summary>How many requests wait for this reader's decision, as the navigation shows it. Whoever knows sets it; it is live.</summary>
public sealed class InboxCount
{
    /// <summary>Raised when the number changed.</summary>
    public event Action? Changed;

    /// <summary>The number; 0 shows nothing.</summary>
    public int Value { get; private set; }

    /// <summary>Sets the number.</summary>
    public void Set(int value)
    {
        if (value == Value)
            return;
        Value = value;
        Changed?.Invoke();
    }
}
