namespace Portal.Core;

/// <summary>Why something that a person asked for was not done. A fault of ours or of the cloud is an exception instead.</summary>
/// <param name="Code">A stable code from <see cref="RefusalCode"/>; screens look their words up by it.</param>
/// <param name="Field">The input it is about; null when it is about the whole.</param>
/// <param name="Arguments">Values for the words, in the order that the words expect.</param>
public sealed record Refusal(string Code, string? Field = null, params object[] Arguments);

/// <summary>What a use case answers: a value, or the reasons why there is none.</summary>
/// <typeparam name="T">The value.</typeparam>
public sealed class Result<T>
{
    private readonly T? _value;

    private Result(T? value, IReadOnlyList<Refusal> refusals)
    {
        _value = value;
        Refusals = refusals;
    }

    /// <summary>Whether there is a value.</summary>
    public bool Succeeded => Refusals.Count == 0;

    /// <summary>All reasons, the most telling first; empty when there is a value.</summary>
    public IReadOnlyList<Refusal> Refusals { get; }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">There is none: look at <see cref="Succeeded"/> first.</exception>
    public T Value => Succeeded ? _value! : throw new InvalidOperationException($"Refused: {Refusals[0].Code}");

    /// <summary>A result with a value.</summary>
    public static implicit operator Result<T>(T value) => Of(value);

    /// <summary>A refused result.</summary>
    public static implicit operator Result<T>(Refusal refusal) => new(default, [refusal]);

    internal static Result<T> Of(T value) => new(value, []);

    /// <summary>A result refused for several reasons.</summary>
    /// <exception cref="ArgumentException">There are no reasons.</exception>
    public static Result<T> Refused(IReadOnlyList<Refusal> refusals) =>
        refusals.Count > 0 ? new(default, refusals) : throw new ArgumentException("A refusal needs a reason.", nameof(refusals));
}

/// <summary>Makes results where the conversion cannot be inferred (values of an interface type).</summary>
public static class Result
{
    /// <summary>A result with a value.</summary>
    public static Result<T> Of<T>(T value) => Result<T>.Of(value);
}

/// <summary>The value of a use case that only does something.</summary>
public readonly record struct Done;
