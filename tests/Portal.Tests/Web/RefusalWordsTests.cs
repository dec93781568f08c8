using System.Globalization;
using System.Resources;
using System.Text.RegularExpressions;
using Portal.Core;
using Portal.Web.Resources;

namespace Portal.Tests.Web;

/// <summary>Whatever can be refused is refused in words, with a next step.</summary>
public sealed partial class RefusalWordsTests
{
    private static readonly ResourceManager Words = new(typeof(RefusalWords));

    /// <summary>How many arguments the refusals bring that use cases make; those not named bring none.</summary>
    private static readonly Dictionary<string, int> Arguments = new()
    {
        [RefusalCode.RoleMissing] = 1,
        [RefusalCode.TextTooLong] = 2,
        [RefusalCode.TextControlCharacter] = 1,
        [RefusalCode.TextDirectionOverride] = 1,
        [RefusalCode.ScopeLocked] = 1,
        [RefusalCode.NotEligible] = 2,
        [RefusalCode.WindowTooShort] = 1,
        [RefusalCode.WindowTooLong] = 1,
        [RefusalCode.WindowTooFarAhead] = 1,
        [RefusalCode.DuplicateRequest] = 1,
        [RefusalCode.AlreadySettled] = 1,
        [RefusalCode.NotApprover] = 1,
        [RefusalCode.NotApproverNow] = 2,
        [RefusalCode.TooLittleLeft] = 1,
        [RefusalCode.TooManyRequests] = 2,
        [RefusalCode.WindowNearlyOver] = 1,
        [RefusalCode.PolicyWithdrawn] = 1,
        [RefusalCode.WindowTooLongNow] = 3,
        [RefusalCode.RequesterNoLongerEligible] = 1,
        [RefusalCode.CloudUnreachable] = 1,
        [RefusalCode.FilterUnreadable] = 1,
        [RefusalCode.TooManyFilters] = 1,
        [RefusalCode.VaultNeverSeen] = 1,
        [RefusalCode.SecretNeverSeen] = 2,
        [RefusalCode.HoldTargetUnknown] = 1,
        [RefusalCode.HeldAlready] = 1,
        [RefusalCode.HoldLifted] = 1,
        [RefusalCode.StreamUnknown] = 1,
        [RefusalCode.StreamPositionUnknown] = 2,
        [RefusalCode.AccessPaused] = 2,
        [RefusalCode.ClocksDisagree] = 1,
        [RefusalCode.NoRoom] = 2,
        [RefusalCode.PausedAlready] = 1,
        [RefusalCode.PauseLifted] = 1,
    };

    public static TheoryData<string> Codes => [.. RefusalCode.All];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_says_what_happened_and_what_to_do(string code)
    {
        foreach (var key in (string[])[code, code + ".next"])
        {
            var words = Words.GetString(key, CultureInfo.InvariantCulture);
            Assert.False(string.IsNullOrWhiteSpace(words), $"RefusalWords.resx has no '{key}'.");
            var highest = Placeholder().Matches(words).Select(m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty(-1).Max();
            Assert.True(highest < Arguments.GetValueOrDefault(code), $"'{key}' expects argument {highest}; a refusal with this code brings {Arguments.GetValueOrDefault(code)}.");
            Assert.EndsWith(".", words, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void There_are_no_words_for_codes_that_do_not_exist()
    {
        string[] blanks = ["justification", "reason"];
        var known = RefusalCode.All.SelectMany(c => new[] { c, c + ".next" }).Concat(blanks.Select(field => $"{RefusalCode.TextBlank}.{field}.next")).ToHashSet();
        var written = Words.GetResourceSet(CultureInfo.InvariantCulture, createIfNotExists: true, tryParents: true)!.Cast<System.Collections.DictionaryEntry>().Select(e => (string)e.Key);
        Assert.Equal([], written.Except(known));
    }

    [GeneratedRegex(@"\{(\d+)")]
    private static partial Regex Placeholder();
}
