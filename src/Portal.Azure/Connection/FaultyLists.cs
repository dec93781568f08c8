using System.Runtime.CompilerServices;
using Portal.Core;

namespace Portal.Azure.Connection;

/// <summary>Lists that may end with a fault.</summary>
internal static class FaultyLists
{
    /// <summary>The same list, which ends where a fault comes up that is dealt with. Any other fault is thrown.</summary>
    /// <param name="list">The list.</param>
    /// <param name="deals">Told of a fault, and how many items came before it; says whether that ends the list.</param>
    /// <param name="ct">Cancels.</param>
    internal static async IAsyncEnumerable<T> EndingAt<T>(this IAsyncEnumerable<T> list, Func<CloudCallException, int, bool> deals, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var items = list.GetAsyncEnumerator(ct);
        for (var before = 0; ; before++)
        {
            try
            {
                if (!await items.MoveNextAsync())
                    yield break;
            }
            catch (CloudCallException fault) when (deals(fault, before))
            {
                yield break;
            }

            yield return items.Current;
        }
    }
}
