namespace Portal.Core;

/// <summary>A call to the cloud (Resource Manager, Key Vault, Graph) that was refused, failed or gave no usable answer.</summary>
/// <remarks>The message is the provider's own text or ours, at most 1,024 characters, and never holds a token or a secret value.</remarks>
public sealed class CloudCallException : Exception
{
    /// <summary>Describes a call that did not do what was asked.</summary>
    /// <param name="code">The provider's error code (<c>AuthorizationFailed</c>); <c>NoAnswer</c> when there was none, <c>UnreadableAnswer</c> when it made no sense.</param>
    /// <param name="message">The provider's text.</param>
    /// <param name="status">The HTTP status; null when no answer came.</param>
    /// <param name="isTransient">True when the same call may go through later without anyone doing anything.</param>
    /// <param name="retryAfter">How long the provider asks to wait; null when it does not say.</param>
    /// <param name="providerCall">The provider's ids of the call, if any.</param>
    /// <param name="inner">What was thrown below, if anything.</param>
    public CloudCallException(string code, string message, int? status, bool isTransient, TimeSpan? retryAfter = null, ProviderCall providerCall = default, Exception? inner = null)
        : base(message.Length > 1024 ? message[..1024] : message, inner)
    {
        Code = code;
        Status = status;
        IsTransient = isTransient;
        RetryAfter = retryAfter;
        ProviderCall = providerCall;
    }

    /// <summary>The provider's error code.</summary>
    public string Code { get; }

    /// <summary>The HTTP status; null when no answer came.</summary>
    public int? Status { get; }

    /// <summary>True when the provider answered that it does not carry the call out: it cannot arrive late. What does not read as the provider's own answer may come from something in between, and says nothing of what the provider did.</summary>
    public bool WasTurnedDown => Code != AttentionCode.UnreadableAnswer && Status is >= 400 and < 500 and not 408;

    /// <summary>True when the call never left the process: the portal held it back itself, or there was no token for it. It cannot arrive late either.</summary>
    public bool WasNotSent { get; init; }

    /// <summary>True when it is known that the call was not carried out, and will not be.</summary>
    public bool IsCertainlyUndone => WasTurnedDown || WasNotSent;

    /// <summary>True when the same call may go through later by itself.</summary>
    public bool IsTransient { get; }

    /// <summary>How long the provider asks to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The provider's ids of the call, for a support case.</summary>
    public ProviderCall ProviderCall { get; }

    /// <summary>The same, where it was not the first call of what was asked: something was sent before it.</summary>
    public CloudCallException AfterOthers() => WasNotSent ? new CloudCallException(Code, Message, Status, IsTransient, RetryAfter, ProviderCall, InnerException) : this;
}
