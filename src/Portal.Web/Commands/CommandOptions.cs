using System.Globalization;

namespace Portal.Web.Commands;

/// <summary>An option that a command knows.</summary>
/// <param name="Name">With its two dashes.</param>
/// <param name="Value">What its value is called in the help; null for an option that has none.</param>
/// <param name="Means">What it does, in a line.</param>
/// <param name="Repeats">Whether it may be given more than once.</param>
public sealed record CommandOption(string Name, string? Value, string Means, bool Repeats = false);

/// <summary>The options that a command was given. <c>--name value</c> and <c>--name=value</c> are the same.</summary>
public sealed class CommandOptions
{
    private readonly Dictionary<string, List<string>> _given = new(StringComparer.Ordinal);

    private CommandOptions()
    {
    }

    /// <summary>Reads what follows a command's name.</summary>
    /// <param name="arguments">What follows.</param>
    /// <param name="known">The options that the command knows.</param>
    /// <exception cref="CommandLineException">Something is not known, not complete or given too often.</exception>
    public static CommandOptions Read(IReadOnlyList<string> arguments, IReadOnlyList<CommandOption> known)
    {
        var options = new CommandOptions();
        for (var at = 0; at < arguments.Count; at++)
        {
            var (name, value) = arguments[at].Split('=', 2) is [var before, var behind] ? (before, behind) : (arguments[at], null);
            if (!name.StartsWith("--", StringComparison.Ordinal))
                throw new CommandLineException($"'{arguments[at]}' is not expected here.");
            var option = known.FirstOrDefault(o => o.Name == name) ?? throw new CommandLineException($"There is no option {name}.");
            if (option.Value is null && value is not null)
                throw new CommandLineException($"{name} takes no value.");
            if (option.Value is not null && value is null)
                value = ++at < arguments.Count && !arguments[at].StartsWith("--", StringComparison.Ordinal) ? arguments[at] : throw new CommandLineException($"{name} needs a value: {option.Value}.");
            options.Add(option, value ?? "");
        }

        return options;
    }

    /// <summary>Whether an option was given.</summary>
    public bool Has(string name) => _given.ContainsKey(name);

    /// <summary>All values of an option; empty when it was not given.</summary>
    public IReadOnlyList<string> All(string name) => _given.TryGetValue(name, out var values) ? values : [];

    /// <summary>All values of an option, each a GUID.</summary>
    /// <exception cref="CommandLineException">One is not.</exception>
    public IReadOnlyList<Guid> Guids(string name) =>
        [.. All(name).Select(v => Guid.TryParseExact(v, "D", out var id) ? id : throw new CommandLineException($"{name}: '{v}' is not a GUID."))];

    /// <summary>A length of time: a number with <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c> behind it.</summary>
    /// <returns>Null when it was not given.</returns>
    /// <exception cref="CommandLineException">It is none, or longer than a hundred years.</exception>
    public TimeSpan? Time(string name)
    {
        if (All(name) is not [var text])
            return null;
        var seconds = text.Length > 1 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? text[^1] switch
            {
                's' => number,
                'm' => number * 60,
                'h' => number * 3600,
                'd' => number * 86400,
                _ => double.NaN,
            }
            : double.NaN;
        return seconds is >= 0 and <= 86400d * 36525 ? TimeSpan.FromSeconds(seconds) : throw new CommandLineException($"{name}: '{text}' is no length of time, such as 90m, 12h or 3d.");
    }

    /// <summary>A number.</summary>
    /// <returns>Null when it was not given.</returns>
    /// <exception cref="CommandLineException">It is none, or not within the bounds.</exception>
    public double? Number(string name, double from, double to)
    {
        if (All(name) is not [var text])
            return null;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
            ? number
            : throw new CommandLineException(string.Create(CultureInfo.InvariantCulture, $"{name}: '{text}' is not a number from {from} to {to}."));
    }

    private void Add(CommandOption option, string value)
    {
        if (!_given.TryGetValue(option.Name, out var values))
            _given[option.Name] = values = [];
        else if (!option.Repeats)
            throw new CommandLineException($"{option.Name} is given twice.");
        values.Add(value);
    }
}

/// <summary>A command line that cannot be carried out as it stands. The message is for the person who wrote it.</summary>
/// <param name="message">What is wrong.</param>
public sealed class CommandLineException(string message) : Exception(message);
