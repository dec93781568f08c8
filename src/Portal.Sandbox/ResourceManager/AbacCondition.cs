using System.Text.RegularExpressions;

namespace Portal.Sandbox.ResourceManager;

/// <summary>What a condition is judged on.</summary>
/// <param name="Action">The action that is being checked.</param>
/// <param name="Attribute">Value of an attribute by source (<c>Request</c>, <c>Resource</c>, <c>Principal</c>, <c>Environment</c>) and name; null when there is none.</param>
public sealed record ConditionInput(string Action, Func<string, string, string?> Attribute)
{
    /// <summary>No attribute has a value.</summary>
    public static ConditionInput Of(string action) => new(action, (_, _) => null);
}

/// <summary>
/// A condition on a role assignment in Azure's language, version 2.0: <c>AND</c> or <c>&amp;&amp;</c>, <c>OR</c> or <c>||</c>, <c>NOT</c> or <c>!</c>, <c>ActionMatches</c>,
/// <c>Exists</c> and the string and GUID operators with their quantifiers. An attribute without a value makes its comparison false.
/// </summary>
public sealed partial class AbacCondition
{
    /// <summary>Most characters of a condition: enough for any that a person wrote.</summary>
    public const int Longest = 8192;

    // Reading goes down with every bracket, so what anyone may send must not say how far. No condition that a person wrote comes near.
    private const int Deepest = 64;

    private readonly Func<ConditionInput, bool> _holds;

    private AbacCondition(string text, Func<ConditionInput, bool> holds)
    {
        Text = text;
        _holds = holds;
    }

    /// <summary>The condition as it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a condition.</summary>
    /// <exception cref="FormatException">It is not in the language, uses an operator that is not known here, is too long or too deep.</exception>
    public static AbacCondition Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > Longest) throw new FormatException($"It is longer than {Longest} characters.");
        var reader = new Reader([.. Tokens().Matches(text).Select(m => m.Value).Where(t => !string.IsNullOrWhiteSpace(t))]);
        var holds = reader.Or();
        reader.End();
        return new AbacCondition(text, holds);
    }

    /// <summary>Whether the condition lets this through.</summary>
    public bool Holds(ConditionInput input) => _holds(input);

    // The last alternative takes any other character, so that nothing is skipped unseen.
    [GeneratedRegex(@"'[^']*'|@\w+\[[^\]]*\]|[\w:.\-/*]+|\|\||&&|[(){},!]|\s+|.", RegexOptions.Singleline)]
    private static partial Regex Tokens();

    private sealed class Reader(string[] tokens)
    {
        private int _at;
        private int _depth;

        private string Next => _at < tokens.Length ? tokens[_at] : "";

        public void End()
        {
            if (_at < tokens.Length) throw Unexpected();
        }

        public Func<ConditionInput, bool> Or()
        {
            // A flat list, so that judging a long one goes no deeper than judging a short one.
            var parts = new List<Func<ConditionInput, bool>> { And() };
            while (Take("OR") || Take("||")) parts.Add(And());
            return parts is [var only] ? only : i => parts.Exists(p => p(i));
        }

        private Func<ConditionInput, bool> And()
        {
            var parts = new List<Func<ConditionInput, bool>> { Unary() };
            while (Take("AND") || Take("&&")) parts.Add(Unary());
            return parts is [var only] ? only : i => parts.TrueForAll(p => p(i));
        }

        private Func<ConditionInput, bool> Unary()
        {
            var negated = false;
            while (Take("!") || Take("NOT")) negated = !negated;
            var test = Test();
            return negated ? i => !test(i) : test;
        }

        private Func<ConditionInput, bool> Test()
        {
            if (Take("("))
            {
                if (++_depth > Deepest) throw new FormatException($"It is nested deeper than {Deepest} levels.");
                var inner = Or();
                Expect(")");
                _depth--;
                return inner;
            }

            if (Take("ActionMatches")) return ActionMatches();
            // No suboperation exists on what the sandbox serves.
            if (Take("SubOperationMatches"))
            {
                Values();
                return _ => false;
            }

            if (Take("Exists"))
            {
                var (source, name) = Attribute();
                return i => i.Attribute(source, name) is not null;
            }

            return Comparison();
        }

        private Func<ConditionInput, bool> ActionMatches()
        {
            var patterns = Values();
            return i => patterns.Any(p => RoleDefinition.Matches(p, i.Action));
        }

        private Func<ConditionInput, bool> Comparison()
        {
            var (source, name) = Attribute();
            var word = Word();
            var colon = word.IndexOf(':', StringComparison.Ordinal);
            var quantifier = colon < 0 ? "" : word[..colon];
            var test = Operator(word[(colon + 1)..]);
            var values = Values();
            var all = quantifier switch
            {
                "" or "ForAnyOfAnyValues" or "ForAllOfAnyValues" => false,
                "ForAnyOfAllValues" or "ForAllOfAllValues" => true,
                _ => throw new FormatException($"'{quantifier}' is no quantifier."),
            };
            // Every attribute here has one value at most, so only the right side's quantifier matters.
            return i => i.Attribute(source, name) is { } actual && (all ? values.All(v => test(actual, v)) : values.Any(v => test(actual, v)));
        }

        private static Func<string, string, bool> Operator(string name) => name switch
        {
            "StringEquals" => (a, b) => a.Equals(b, StringComparison.Ordinal),
            "StringNotEquals" => (a, b) => !a.Equals(b, StringComparison.Ordinal),
            "StringEqualsIgnoreCase" => (a, b) => a.Equals(b, StringComparison.OrdinalIgnoreCase),
            "StringNotEqualsIgnoreCase" => (a, b) => !a.Equals(b, StringComparison.OrdinalIgnoreCase),
            "StringStartsWith" => (a, b) => a.StartsWith(b, StringComparison.Ordinal),
            "StringNotStartsWith" => (a, b) => !a.StartsWith(b, StringComparison.Ordinal),
            "StringLike" => Likeness.Matches,
            "StringNotLike" => (a, b) => !Likeness.Matches(a, b),
            "GuidEquals" => (a, b) => Same(a, b),
            "GuidNotEquals" => (a, b) => !Same(a, b),
            _ => throw new FormatException($"'{name}' is no operator."),
        };

        private static bool Same(string a, string b) => Guid.TryParse(a, out var left) && Guid.TryParse(b, out var right) && left == right;

        private (string Source, string Name) Attribute()
        {
            var word = Word();
            var open = word.IndexOf('[', StringComparison.Ordinal);
            return word is ['@', .., ']'] && open > 1 ? (word[1..open], word[(open + 1)..^1]) : throw new FormatException($"'{word}' is no attribute.");
        }

        private List<string> Values()
        {
            if (!Take("{")) return [Unquoted(Word())];
            var values = new List<string> { Unquoted(Word()) };
            while (Take(",")) values.Add(Unquoted(Word()));
            Expect("}");
            return values;
        }

        private string Word()
        {
            if (Next is "" or "(" or ")" or "{" or "}" or "," or "!") throw Unexpected();
            return tokens[_at++];
        }

        private bool Take(string token)
        {
            if (!Next.Equals(token, StringComparison.OrdinalIgnoreCase)) return false;
            _at++;
            return true;
        }

        private void Expect(string token)
        {
            if (!Take(token)) throw Unexpected();
        }

        private FormatException Unexpected() => new(Next.Length == 0 ? "The condition ends too early." : $"'{Next}' does not belong there.");

        private static string Unquoted(string word) => word is ['\'', .., '\''] ? word[1..^1] : word;
    }
}
