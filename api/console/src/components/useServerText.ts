import { useCallback, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { loadServerChinese, onServerChinese, serverChinese } from '~/i18n/server';

/**
 * A sentence that the server wrote, such as the reason of a row or what is wrong with a field, in the language of the page; the
 * sentence itself where it is not known, such as what the upstream or the system said. Chinese is loaded with the first sentence.
 */
export function useServerText(): (sentence: string) => string {
  const { i18n } = useTranslation();
  const isChinese = i18n.language === 'zh';
  const chinese = useSyncExternalStore(onServerChinese, serverChinese);
  return useCallback(
    (sentence) => {
      if (!isChinese) return sentence;
      if (chinese !== null) return chinese(sentence);
      void loadServerChinese();
      return sentence;
    },
    [isChinese, chinese],
  );
}
